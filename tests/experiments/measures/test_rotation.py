"""Angles are those between vectors, and a path has the lengths that it is asked to start at."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures.rotation import follow, turn
from experiments.runs import Runs

TASK = (5, 3, 8, (0.5, 2.0), 0.5)


@pytest.mark.parametrize("angle", [1e-9, 0.3, np.pi / 2, np.pi])
def test_angles_are_those_between_vectors(angle: float) -> None:
    before = np.array([[[1.0], [0.0]]])
    after = 7.0 * np.array([[[np.cos(angle)], [np.sin(angle)]]])
    assert turn(before, after)[0, 0] == pytest.approx(angle, rel=1e-7)


def test_a_step_turns_and_lengthens_by_its_orthogonal_gradient() -> None:
    path = follow(TASK, Runs(0, 2), steps=4, rate=0.1, start=3.0)
    assert path.squared.shape == path.push.shape == path.turn.shape == (4, 2, 3)
    assert path.squared[0] == pytest.approx(9.0)
    assert np.diff(path.squared, axis=0) == pytest.approx(0.01 * path.push[:-1])
    assert np.tan(path.turn) == pytest.approx(0.1 * np.sqrt(path.push / path.squared))
