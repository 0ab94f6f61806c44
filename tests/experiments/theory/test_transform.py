"""Every closed form against a computation that does not use it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.theory import transform as theory


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_output_std(rng: np.random.Generator) -> None:
    x = rng.standard_normal(40)
    for gamma, sigma, eps in (
        (1.0, 1.0, 0.0),
        (-2.5, 0.01, 1e-5),
        (0.0, 3.0, 1e-3),
        (2.0, 0.0, 1e-3),
    ):
        batch = sigma * (x - x.mean()) / x.std()
        y = gamma * (batch - batch.mean()) / np.sqrt(batch.var() + eps)
        assert theory.output_std(gamma, sigma, eps) == pytest.approx(y.std(), abs=1e-14)


@pytest.mark.parametrize("m", [2, 3, 8, 50])
def test_removed_share_is_the_trace_of_the_projection(m: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal(m)
    directions = np.stack([np.ones(m), (x - x.mean()) / x.std()]) / np.sqrt(m)
    assert theory.removed_share(m) == pytest.approx(np.trace(directions.T @ directions) / m)


def test_the_largest_normalized_value_is_reached_by_one_sample_apart() -> None:
    for m in (2, 5, 30):
        x = np.zeros(m)
        x[0] = 7.0
        assert ((x - x.mean()) / x.std())[0] == pytest.approx(theory.largest_normalized(m))


@pytest.mark.parametrize("m", [3, 6, 40])
def test_normalized_outlier(m: int, rng: np.random.Generator) -> None:
    others = rng.standard_normal(m - 1)
    others = (others - others.mean()) / others.std()
    for z in (-3.0, 0.2, 100.0):
        x = np.append(others, z)
        assert theory.normalized_outlier(z, m) == pytest.approx((z - x.mean()) / x.std())


@pytest.mark.parametrize("m", [2, 3, 4, 9])
def test_normalized_cdf_against_random_batches(m: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((200_000, m))
    xhat = (x[:, 0] - x.mean(axis=1)) / x.std(axis=1)
    for value in (-3.5, -1.2, -0.3, 0.7, 1.3, 3.5):
        assert (xhat <= value).mean() == pytest.approx(
            theory.normalized_cdf(value, m), abs=5 * 0.5 / np.sqrt(200_000)
        )


def test_normalized_cdf_is_thompsons_transformed_t() -> None:
    from scipy.stats import t

    x, m = np.linspace(-1.9, 1.9, 9), 5
    student = x * np.sqrt((m - 2) / (m - 1 - x**2))
    assert theory.normalized_cdf(x, m) == pytest.approx(t.cdf(student, m - 2))
    assert np.diff(theory.normalized_cdf(np.linspace(-1.7, 1.7, 5), 4)) == pytest.approx(
        0.85 / (2 * np.sqrt(3))
    )
    with pytest.raises(ValueError, match="at least 2 samples, got 1"):
        theory.normalized_cdf(0.0, 1)


def test_batch_variance_and_its_inverse(rng: np.random.Generator) -> None:
    variance = rng.standard_normal((400_000, 12)).var(axis=1)
    assert theory.batch_variance(12) == pytest.approx(variance.mean(), rel=0.005)
    assert theory.inverse_batch_variance(12) == pytest.approx((1 / variance).mean(), rel=0.005)
    assert (
        np.isinf(theory.inverse_batch_variance([2, 3])).all()
        and theory.inverse_batch_variance(4) == 4
    )


@pytest.mark.parametrize("m", [2, 3, 8, 50])
def test_undoing_a_gaussian_batch(m: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2_000_000 // m, m))
    std = x.std(axis=1, keepdims=True)
    xhat = (x - x.mean(axis=1, keepdims=True)) / std
    assert theory.batch_std(m) == pytest.approx(std.mean(), rel=0.005)
    assert theory.undo_error(m) == pytest.approx(np.square(xhat - x).mean(), rel=0.02)
    assert theory.best_undo_error(m) == pytest.approx(
        np.square(std.mean() * xhat - x).mean(), rel=0.02
    )


def test_undoing_large_batches_and_with_epsilon(rng: np.random.Generator) -> None:
    assert theory.undo_error([2, 8]) == pytest.approx(
        [2 * (1 - 1 / np.sqrt(np.pi)), 0.19459], abs=1e-5
    )
    assert theory.undo_error_large_batch(10_000, 3.0) == pytest.approx(
        theory.undo_error(10_000), rel=1e-3
    )
    x = rng.uniform(-np.sqrt(3), np.sqrt(3), (40_000, 100))
    assert theory.undo_error_large_batch(100, 1.8) == pytest.approx(
        2 * (1 - x.std(axis=1).mean()), rel=0.03
    )
    z = rng.standard_normal(1000)
    y = 0.01 * (0.01 * z) / np.sqrt(0.01**2 + 1e-3)
    expected = np.square(y - 0.01 * z).mean() / np.square(0.01 * z).mean()
    assert theory.undo_error_epsilon(0.01, 1e-3) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("m", "gamma", "sigma", "eps"), [(2, 1.0, 1.0, 0.0), (5, -2.0, 0.3, 1e-2), (20, 0.5, 4.0, 1e-5)]
)
def test_backward_spectrum(
    m: int, gamma: float, sigma: float, eps: float, rng: np.random.Generator
) -> None:
    """Against the Jacobian of the forward pass by central differences."""
    x = rng.standard_normal(m)
    x = sigma * (x - x.mean()) / x.std()

    def forward(x: np.ndarray) -> np.ndarray:
        return (
            gamma
            * (x - x.mean(axis=-1, keepdims=True))
            / np.sqrt(x.var(axis=-1, keepdims=True) + eps)
        )

    step = 1e-5 * sigma * np.eye(m)
    jacobian = (forward(x + step) - forward(x - step)) / (2e-5 * sigma)
    values = theory.backward_spectrum(m, gamma, sigma, eps)
    scale = abs(gamma) / np.sqrt(sigma**2 + eps)
    assert np.linalg.svd(jacobian, compute_uv=False) == pytest.approx(values, abs=1e-8 * scale)
    assert values[-2] == pytest.approx(scale * theory.stretch_passed(sigma, eps))


@pytest.mark.parametrize("m", [2, 5, 40])
def test_returning_norm_squared_against_differences(m: int, rng: np.random.Generator) -> None:
    x, g, gamma, step = rng.standard_normal(m), rng.standard_normal(m), -1.7, 1e-6

    def loss(x: np.ndarray) -> float:
        return g @ (gamma * (x - x.mean()) / x.std())

    gradient = np.array([(loss(x + step * e) - loss(x - step * e)) / (2 * step) for e in np.eye(m)])
    expected = theory.returning_norm_squared(g, (x - x.mean()) / x.std(), gamma, x.std())
    assert gradient @ gradient == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("side", [3, 5, 6])
def test_effective_values(side: int, rng: np.random.Generator) -> None:
    """Against the covariance matrix of all pixels, built weight by weight."""
    kernel = rng.standard_normal((3, 3)) + 0.3
    matrix = np.zeros((side * side, side * side))  # from independent pixels to convolved ones
    for i, j, u, v in np.ndindex(side, side, 3, 3):
        matrix[i * side + j, (i + u - 1) % side * side + (j + v - 1) % side] += kernel[u, v]
    covariance = matrix @ matrix.T
    mean_variance = covariance.sum() / side**4 / 7  # of seven independent images
    expected = np.diag(covariance).mean() / mean_variance
    assert theory.effective_values(7, side * side, kernel) == pytest.approx(expected)
    assert theory.effective_values(7, side * side, np.array([[1.0]])) == 7 * side * side
    assert theory.effective_values(7, side * side, np.array([1.0, -1.0])) == np.inf


@pytest.mark.parametrize(("gamma", "beta"), [(1.0, 0.0), (2.0, -1.0), (-0.5, 0.7), (1.0, 3.0)])
def test_rectified(gamma: float, beta: float) -> None:
    """Against the trapezoidal rule on a fine grid."""
    x = np.linspace(-12, 12, 2_400_001)
    weight = np.exp(-np.square(x) / 2) / np.sqrt(2 * np.pi)
    y = np.maximum(0, gamma * x + beta)
    mean, variance, zeros = theory.rectified(gamma, beta)
    assert mean == pytest.approx(np.trapezoid(y * weight, x), abs=1e-8)
    assert variance == pytest.approx(np.trapezoid(y**2 * weight, x) - mean**2, abs=1e-8)
    assert zeros == pytest.approx(np.trapezoid((y == 0) * weight, x), abs=1e-5)
