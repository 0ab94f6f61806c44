"""Every closed form against a computation that does not use it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.theory import inference as theory


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


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


@pytest.mark.parametrize("m", [2, 5, 40])
def test_running_variance(m: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal(m)
    assert theory.running_variance(m, unbiased=True) == pytest.approx(x.var(ddof=1) / x.var())
    assert theory.running_variance(m, unbiased=False) == 1


@pytest.mark.parametrize("offset", [0.0, 3.0, 100.0])
@pytest.mark.parametrize("one_pass", [False, True])
def test_round_off_stays_within_its_bound(offset: float, one_pass: bool, rng: np.random.Generator) -> None:
    for m in (2, 8, 64):
        x = (offset + rng.standard_normal((m, 500))).astype(np.float32)
        mean = x.mean(axis=0)
        var = np.square(x).mean(axis=0) - np.square(mean) if one_pass else np.square(x - mean).mean(axis=0)
        xhat = (x - mean) / np.sqrt(var + np.float32(0.1))
        exactly = x.astype(float)
        std = np.sqrt(exactly.var(axis=0) + np.float32(0.1).astype(float))
        off = np.abs(xhat - (exactly - exactly.mean(axis=0)) / std).max(axis=0)
        kappa = np.maximum(1, np.abs(exactly).max(axis=0) / std)
        assert (off <= theory.normalization_round_off(m, 2.0**-24, kappa, one_pass)).all()


@pytest.mark.parametrize("keep", [0.2, 0.5, 1.0])
def test_dropout_variance_ratio(keep: float) -> None:
    values, weights = (
        np.array([0.0, 1.0, 4.0]),
        np.array([0.5, 0.3, 0.2]),
    )  # every outcome, with its probability
    mean, variance = weights @ values, weights @ values**2 - (weights @ values) ** 2
    under = weights @ (keep * (values / keep) ** 2) - mean**2
    assert theory.dropout_variance_ratio(keep, mean, variance) == pytest.approx(variance / under)
