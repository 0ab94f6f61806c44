"""One unit's passes equal the formula's, and its gradient equals finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures.unit import passes

EPS, GAMMA, BETA = 1e-3, -1.5, 0.7


def output(x: np.ndarray) -> np.ndarray:
    return GAMMA * (x - x.mean()) / np.sqrt(x.var() + EPS) + BETA


def test_both_passes_of_one_unit() -> None:
    rng = np.random.default_rng(0)
    x, g, direction = rng.normal(2, 3, 9), rng.standard_normal((9, 4)), rng.standard_normal(9)
    xhat, y, dx = passes(x, g, EPS, GAMMA, BETA)
    assert y == pytest.approx(output(x))
    assert y == pytest.approx(GAMMA * xhat + BETA)
    step = 1e-5 * direction
    change = (output(x + step) - output(x - step)) / 2e-5
    assert direction @ dx == pytest.approx(change @ g, rel=1e-6)
