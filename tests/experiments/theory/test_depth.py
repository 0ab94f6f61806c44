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
            np.sum(np.outer(weights, weights) * np.maximum(u, 0) * np.maximum(other, 0))
            / weights.sum() ** 2
        )
        assert theory.relu_correlation(c) == pytest.approx(2 * moment, abs=2e-3)


@pytest.mark.parametrize("m", [6, 9, 20])
def test_gradient_growth_is_the_average_over_directions(m: int, rng: np.random.Generator) -> None:
    """Both rates as averages over random directions u of λ and of the squared gradient, sampled."""
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
        passed = (
            passed
            - passed.mean(axis=1, keepdims=True)
            - u * np.sum(passed * u, axis=1, keepdims=True)
        )
        squared = m / (scale * (m - 3)) * np.square(passed).sum(axis=1).mean()
        assert squared / (m - 1) == pytest.approx(float(growth(m)), rel=0.01)


def test_gradient_growth_has_its_limits() -> None:
    assert theory.relu_gradient_growth(1e9) == pytest.approx(np.pi / (np.pi - 1), rel=1e-6)
    assert theory.linear_gradient_growth(1e9) == pytest.approx(1)
    for growth in (theory.relu_gradient_growth, theory.linear_gradient_growth):
        with pytest.raises(ValueError, match="got 3"):
            growth(np.array([8, 3]))


@pytest.mark.parametrize("m", [5, 12])
def test_residual_variance_is_what_random_directions_add(m: int, rng: np.random.Generator) -> None:
    """A block adds twice the variance of the positive part of a standardized Gaussian batch."""
    z = rng.standard_normal((400_000, m))
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)
    added = 2 * np.maximum(z, 0).var(axis=1, ddof=1).mean()
    assert theory.residual_variance(np.array([0, 1, 30]), m) == pytest.approx(
        [1, 1 + added, 1 + 30 * added], rel=3e-3
    )
    assert theory.residual_variance(30, 1e9) == pytest.approx(1 + 30 * (1 - 1 / np.pi))


def test_plain_residual_variance_is_that_of_a_wide_network(rng: np.random.Generator) -> None:
    blocks, width = 6, 2000
    x = rng.standard_normal((40, width))
    found = [x.var(axis=0, ddof=1).mean()]
    for _ in range(blocks):
        x = x + np.maximum(x, 0) @ rng.standard_normal((width, width)) * np.sqrt(2 / width)
        found.append(x.var(axis=0, ddof=1).mean())
    assert found == pytest.approx(theory.plain_residual_variance(blocks), rel=0.06)


@pytest.mark.parametrize("m", [8, 30])
def test_residual_gradient_is_the_average_over_batches(m: int, rng: np.random.Generator) -> None:
    """Gradients of many wide units go through two blocks, assuming only Gaussian weights."""
    blocks, draws = 2, 200_000
    g = rng.standard_normal((draws, m))
    squares = [np.square(g).sum(axis=1).mean()]
    for block in range(blocks - 1, -1, -1):
        added = (
            2
            * np.maximum(z := _standardized(rng.standard_normal((draws, m))), 0)
            .var(axis=1, ddof=1)
            .mean()
        )
        scale = np.sqrt(1 + block * added) * rng.chisquare(m - 1, (draws, 1)) ** 0.5 / np.sqrt(m)
        # A wide layer's weights mix the units: Gaussian, with twice the covariance of g.
        through = rng.multivariate_normal(np.zeros(m), 2 * g.T @ g / draws, draws) * (z > 0)
        through = (
            through
            - through.mean(axis=1, keepdims=True)
            - z * np.mean(through * z, axis=1, keepdims=True)
        )
        g = g + rng.choice([-1, 1], (draws, 1)) * through / scale
        squares.append(np.square(g).sum(axis=1).mean())
    assert np.array(squares[::-1]) / squares[0] == pytest.approx(
        theory.residual_gradient(blocks, m), rel=0.02
    )


def _standardized(z: np.ndarray) -> np.ndarray:
    return (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)


def test_residual_gradient_becomes_a_power_of_the_depth() -> None:
    at = [theory.residual_gradient(blocks, 10**7)[0] for blocks in (1000, 2000)]
    assert np.log2(at[1] / at[0]) == pytest.approx(np.pi / (np.pi - 1), rel=2e-3)
    with pytest.raises(ValueError, match="got 3"):
        theory.residual_gradient(4, 3)


@pytest.mark.parametrize(("d", "n"), [(400, 10), (400, 30), (200, 60)])
def test_batch_norm_rank_is_where_the_eigenvalues_settle(
    d: int, n: int, rng: np.random.Generator
) -> None:
    """Against the process itself: the second moments of d random unit vectors, iterated."""
    moments, found = np.eye(n) / n, []
    for step in range(500):
        z = rng.multivariate_normal(np.zeros(n), moments, d, method="eigh")
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        moments = z.T @ z / d
        if step >= 150:
            found.append(1 / np.sum(moments**2))
    law = theory.batch_norm_rank(d, n)
    assert abs(np.mean(found) / law - 1) < theory.batch_norm_largest(d, n) * 0.7
    assert law == pytest.approx(n / (1 + n**2 / (4 * d)) if n < 2 * d**0.5 else d**0.5)


@pytest.mark.parametrize("n", [600, 1900])
def test_the_predicted_spectrum_balances_pull_and_push(n: int) -> None:
    """The semicircle's equation, with sums over the eigenvalues themselves, inside its ends."""
    d = 10**6
    shares = theory.batch_norm_spectrum(d, n, points=400_001)
    assert shares.sum() == pytest.approx(1, abs=1e-3)
    assert 1 / np.sum(shares**2) == pytest.approx(theory.batch_norm_rank(d, n), rel=1e-3)
    assert shares[0] == pytest.approx(theory.batch_norm_largest(d, n), rel=0.01)
    p = np.sum(shares**2)
    for k in range(n // 5, 4 * n // 5, n // 10):
        others = np.delete(shares, k)
        push = np.sum(others / (shares[k] - others)) / d
        assert push == pytest.approx(2 * (shares[k] - p), abs=0.1 / np.sqrt(d)), k


def test_beyond_twice_the_root_eigenvalues_die_out() -> None:
    shares = theory.batch_norm_spectrum(256, 48)
    assert (shares > 0).sum() == pytest.approx(2 * np.sqrt(256), abs=1)


def test_gaussian_growth_is_the_mean_of_the_logarithms(rng: np.random.Generator) -> None:
    width = 5
    w = rng.standard_normal((40_000, width, width)) / np.sqrt(width)
    logs = np.log(np.abs(np.diagonal(np.linalg.qr(w)[1], axis1=1, axis2=2))).mean(axis=0)
    assert theory.gaussian_growth(width) == pytest.approx(logs, abs=0.02)
