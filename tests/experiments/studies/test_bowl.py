"""The bowl is the closed form's, and its claims can be broken."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.affine import Affine
from experiments.studies import bowl
from experiments.theory.optimization import BOWL_MINIMUM
from tests import quick


def test_every_path_starts_as_far_away_as_one_and_zero() -> None:
    starts = bowl.starts(bowl.QUICK.rates)
    distance = np.linalg.norm(starts - BOWL_MINIMUM, axis=1)
    assert starts[0] == pytest.approx(bowl.START)
    assert distance == pytest.approx(np.linalg.norm(np.subtract(bowl.START, BOWL_MINIMUM)))


def test_half_a_rate_arrives_in_one_step() -> None:
    path = quick.results("bowl")["bowl_path"].sel(bowl_rate=0.5).isel(bowl_step=1)
    for name, expected in zip(("gamma", "beta"), BOWL_MINIMUM, strict=True):
        assert path.sel(parameter=name).values == pytest.approx(expected, abs=1e-13)


def test_without_the_right_gradient_the_bowl_is_not_the_pictures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """γ's gradient at half its size: the contraction and the roundness are gone."""
    backward = Affine.backward

    def broken(self, params, saved, dy, buffers=None):
        dx, grads = backward(self, params, saved, dy, buffers)
        return dx, grads | {"gamma": grads["gamma"] / 2}

    monkeypatch.setattr(Affine, "backward", broken)
    points = quick.points("bowl")
    for name, key in (("bowl-contraction", "descent"), ("linear-bowl-is-round", "shape")):
        assert not any(bowl.CLAIMS[name].outcomes(points[key]()))
