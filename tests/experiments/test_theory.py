"""Every closed form against a computation that does not use it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import theory


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_output_std(rng: np.random.Generator) -> None:
    x = rng.standard_normal(40)
    for gamma, sigma, eps in ((1.0, 1.0, 0.0), (-2.5, 0.01, 1e-5), (0.0, 3.0, 1e-3), (2.0, 0.0, 1e-3)):
        batch = sigma * (x - x.mean()) / x.std()
        y = gamma * (batch - batch.mean()) / np.sqrt(batch.var() + eps)
        assert theory.output_std(gamma, sigma, eps) == pytest.approx(y.std(), abs=1e-14)


@pytest.mark.parametrize("m", [2, 3, 8, 50])
def test_removed_share_is_the_trace_of_the_projection(m: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal(m)
    directions = np.stack([np.ones(m), (x - x.mean()) / x.std()]) / np.sqrt(m)
    assert theory.removed_share(m) == pytest.approx(np.trace(directions.T @ directions) / m)


@pytest.mark.parametrize("rate", [1.0, 0.3, 0.01])
def test_moments_of_a_running_average_follow_the_recurrence(rate: float) -> None:
    mean, variance = 5.0, 0.0
    for step in range(1, 200):
        mean = (1 - rate) * mean + rate * 2.0
        variance = (1 - rate) ** 2 * variance + rate**2 * 0.7
        assert theory.ema_mean(step, rate, mean=2.0, start=5.0) == pytest.approx(mean)
        assert theory.ema_variance(step, rate, 0.7) == pytest.approx(variance)


@pytest.mark.parametrize(
    ("tolerance", "rate"), [(0.01, 0.1), (0.01, 0.01), (0.5, 0.5), (0.01, 1.0), (1e-6, 0.3)]
)
def test_steps_to_within_is_the_first_step(tolerance: float, rate: float) -> None:
    steps = theory.steps_to_within(tolerance, rate)
    assert (1 - rate) ** steps <= tolerance < (1 - rate) ** (steps - 1)


@pytest.mark.parametrize(("tolerance", "rate"), [(0.0, 0.1), (1.0, 0.1), (0.01, 0.0), (0.01, 1.1)])
def test_steps_to_within_refuses_what_has_no_answer(tolerance: float, rate: float) -> None:
    with pytest.raises(ValueError, match="got"):
        theory.steps_to_within(tolerance, rate)


@pytest.mark.parametrize("unbiased", [True, False])
def test_eval_variance_of_a_fixed_batch(unbiased: bool, rng: np.random.Generator) -> None:
    train = evaluated = rng.standard_normal(6) * 3 + 1
    for layer in range(1, 8):
        running_mean, running_var = train.mean(), train.var(ddof=int(unbiased))
        evaluated = (evaluated - running_mean) / np.sqrt(running_var)
        train = (train - train.mean()) / train.std()
        assert theory.eval_variance_fixed_batch(layer, 6, unbiased) == pytest.approx(evaluated.var())


@pytest.mark.parametrize("unbiased", [True, False])
def test_eval_variance_over_the_population(unbiased: bool, rng: np.random.Generator) -> None:
    """Running variances from the mean of many batches; the population's variance follows from them."""
    m, batches = 4, rng.standard_normal((200_000, 4)) * 1.5
    variance = 1.5**2
    for layer in range(1, 6):
        variance /= batches.var(axis=1, ddof=int(unbiased)).mean()
        batches = (batches - batches.mean(axis=1, keepdims=True)) / batches.std(axis=1, keepdims=True)
        assert theory.eval_variance_population(layer, m, unbiased) == pytest.approx(variance, rel=0.01)


def test_closed_forms_broadcast() -> None:
    layers, m = np.arange(1, 4)[:, None], np.array([2, 8])
    for form in (theory.eval_variance_fixed_batch, theory.eval_variance_population):
        for unbiased in (True, False):
            assert form(layers, m, unbiased).shape == (3, 2)


@pytest.mark.parametrize("m", [3, 6, 40])
@pytest.mark.parametrize("z", [0.0, -1.5, 2.0])
def test_quantiles_of_an_example(m: int, z: float, rng: np.random.Generator) -> None:
    x = rng.standard_normal((200_000, m))
    x[:, 0] = z
    xhat = np.sort((z - x.mean(axis=1)) / x.std(axis=1))
    for probability in (0.025, 0.5, 0.975):
        below = np.searchsorted(xhat, theory.example_quantile(probability, z, m)) / xhat.size
        assert below == pytest.approx(
            probability, abs=5 * np.sqrt(probability * (1 - probability) / xhat.size)
        )


def test_an_example_is_bounded_and_needs_company() -> None:
    assert theory.example_quantile(1 - 1e-9, 10.0, 5) <= 2.0  # |x̂| ≤ √(m − 1)
    with pytest.raises(ValueError, match="batches of 3 or more, got 2"):
        theory.example_quantile(0.5, 0.0, 2)


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
