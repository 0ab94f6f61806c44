"""Every closed form against a computation that does not use it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.theory import optimization as theory


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("eps", [0.0, 1e-3, 0.5])
def test_radial_gradient(eps: float, rng: np.random.Generator) -> None:
    """Against the change of a loss, Σ tanh(y), when a unit's output is stretched a little."""
    z, gamma = 0.7 * rng.standard_normal(30), 1.3

    def output(stretch: float) -> np.ndarray:
        stretched = stretch * z
        return gamma * (stretched - stretched.mean()) / np.sqrt(stretched.var() + eps)

    step = 1e-5
    slope = (np.tanh(output(1 + step)).sum() - np.tanh(output(1 - step)).sum()) / (2 * step)
    gamma_gradient = ((1 - np.tanh(output(1)) ** 2) * output(1) / gamma).sum()
    assert theory.radial_gradient(gamma, gamma_gradient, z.var(), eps) == pytest.approx(
        slope, abs=1e-8
    )


@pytest.mark.parametrize(("rate", "decay"), [(0.1, 0.01), (1.0, 0.003), (0.5, 0.1)])
def test_the_recurrence_of_squared_lengths_settles(rate: float, decay: float) -> None:
    """Constant gradients: exact forms, of which the others are the leading order."""
    squared = theory.squared_lengths(3.0, 40_000, rate, decay, unit_gradient=0.7)
    exact = rate * 0.7 / (decay * (2 - rate * decay))
    assert squared[0] == 9.0 and squared[-1] ** 2 == pytest.approx(exact, rel=1e-9)
    assert theory.equilibrium_fourth_power(rate, decay, 0.7) == pytest.approx(
        exact, rel=0.6 * rate * decay
    )
    assert theory.equilibrium_fourth_power(rate, decay, 0.7, 0.0) == pytest.approx(
        exact, rel=(rate * decay) ** 2
    )
    assert theory.equilibrium_angle(rate, decay) == pytest.approx(
        np.arccos(1 - rate * decay), rel=rate * decay / 6
    )


def test_equilibrium_with_gradients_that_vary(rng: np.random.Generator) -> None:
    rate, decay, scatter = 1.0, 0.02, 0.8  # a gamma variable of mean 1 and relative variance 0.8
    u, total = np.full(4000, np.sqrt(rate / (2 * decay))), 0.0
    for step in range(600):
        u = (1 - rate * decay) ** 2 * u + rate**2 * rng.gamma(1 / scatter, scatter, u.size) / u
        total += (u**2).mean() if step >= 200 else 0.0
    assert theory.equilibrium_fourth_power(rate, decay, 1.0, scatter) == pytest.approx(
        total / 400, rel=2e-3
    )


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.66, 0.68, 2.0])
def test_descent_factor_is_the_spectral_radius(rate: float, rng: np.random.Generator) -> None:
    a = rng.standard_normal((6, 6))
    hessian = a @ a.T
    hessian *= 3 / np.linalg.eigvalsh(hessian)[-1]
    radius = np.abs(np.linalg.eigvals(np.eye(6) - rate * hessian)).max()
    assert theory.descent_factor(rate, np.linalg.eigvalsh(hessian)) == pytest.approx(radius)
    assert (radius < 1) == (rate < 2 / 3)


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (2.0, 1.0), (-3.0, 0.5), (0.0, 4.0)])
def test_affine_condition(mean: float, std: float, rng: np.random.Generator) -> None:
    """Against the singular values of the design matrix of a least squares fit."""
    x = rng.standard_normal(50)
    x = mean + std * (x - x.mean()) / x.std()
    singular = np.linalg.svd(np.stack([x, np.ones(50)], axis=1), compute_uv=False)
    assert theory.affine_condition(mean, std) == pytest.approx((singular[0] / singular[1]) ** 2)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9, 1.1])
def test_bowl_path_is_gradient_descent(rate: float) -> None:
    at, path = np.array([1.0, 0.0]), theory.bowl_path(np.array([1.0, 0.0]), rate, steps=4)
    for expected in path:
        assert at == pytest.approx(expected)
        at = at - rate * 2 * (at - theory.BOWL_MINIMUM)
