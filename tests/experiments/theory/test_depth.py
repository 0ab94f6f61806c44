"""Every closed form against a computation that does not use it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.theory import depth as theory


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_relu_correlation_is_the_integral(rng: np.random.Generator) -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    u, v = np.meshgrid(nodes, nodes)
    for c in (-0.9, -0.2, 0.0, 0.5, 1.0):
        other = c * u + np.sqrt(1 - c**2) * v
        moment = (
            np.sum(np.outer(weights, weights) * np.maximum(u, 0) * np.maximum(other, 0)) / weights.sum() ** 2
        )
        assert theory.relu_correlation(c) == pytest.approx(2 * moment, abs=2e-3)


@pytest.mark.parametrize("m", [6, 9, 20])
def test_gradient_growth_is_the_average_over_directions(m: int, rng: np.random.Generator) -> None:
    """Both rates as one average over random directions u, of λ and of the squared gradient, with nothing worked out."""
    draws = 100_000
    z = rng.standard_normal((draws, m))
    z -= z.mean(axis=1, keepdims=True)
    length2 = np.square(z).sum(axis=1)
    u = z / np.sqrt(length2)[:, None]
    g = rng.standard_normal((draws, m))
    g -= g.mean(axis=1, keepdims=True)  # covariance P
    for growth, through in (
        (theory.relu_gradient_growth, u > 0),
        (theory.linear_gradient_growth, np.ones_like(u)),
    ):
        a = np.sqrt(m) * u * through
        scale = np.square(a - a.mean(axis=1, keepdims=True)).sum(axis=1).mean() / (m - 1)
        passed = g * through
        passed = passed - passed.mean(axis=1, keepdims=True) - u * np.sum(passed * u, axis=1, keepdims=True)
        squared = m / (scale * (m - 3)) * np.square(passed).sum(axis=1).mean()
        assert squared / (m - 1) == pytest.approx(float(growth(m)), rel=0.01)


def test_gradient_growth_has_its_limits() -> None:
    assert theory.relu_gradient_growth(1e9) == pytest.approx(np.pi / (np.pi - 1), rel=1e-6)
    assert theory.linear_gradient_growth(1e9) == pytest.approx(1)
    for growth in (theory.relu_gradient_growth, theory.linear_gradient_growth):
        with pytest.raises(ValueError, match="got 3"):
            growth(np.array([8, 3]))
