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
        assert theory.eval_variance_fixed_batch(layer, 6, unbiased) == pytest.approx(
            evaluated.var()
        )


@pytest.mark.parametrize("unbiased", [True, False])
def test_eval_variance_over_the_population(unbiased: bool, rng: np.random.Generator) -> None:
    """Running variances are means over many batches, and give the population's variance."""
    m, batches = 4, rng.standard_normal((200_000, 4)) * 1.5
    variance = 1.5**2
    for layer in range(1, 6):
        variance /= batches.var(axis=1, ddof=int(unbiased)).mean()
        batches = (batches - batches.mean(axis=1, keepdims=True)) / batches.std(
            axis=1, keepdims=True
        )
        assert theory.eval_variance_population(layer, m, unbiased) == pytest.approx(
            variance, rel=0.01
        )


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
def test_round_off_stays_within_its_bound(
    offset: float, one_pass: bool, rng: np.random.Generator
) -> None:
    for m in (2, 8, 64):
        x = (offset + rng.standard_normal((m, 500))).astype(np.float32)
        mean = x.mean(axis=0)
        var = (
            np.square(x).mean(axis=0) - np.square(mean)
            if one_pass
            else np.square(x - mean).mean(axis=0)
        )
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


def test_a_folded_product_stays_within_its_bound(rng: np.random.Generator) -> None:
    """Float32 against the two forms in float64, with numbers of many sizes."""
    x, w = (
        rng.standard_normal((500, 40)).astype(np.float32),
        rng.standard_normal(40).astype(np.float32),
    )
    b, mean, scale, beta = (np.float32(v) for v in (3.0, 2.7, 1.3, 0.4))
    unfolded, folded = (
        (x @ w + b - mean) * scale + beta,
        x @ (w * scale) + ((b - mean) * scale + beta),
    )
    magnitude = scale * (np.abs(x) @ np.abs(w) + abs(b) + abs(mean)) + abs(beta)
    bound = theory.fold_round_off(40, 2.0**-24, 2.0**-24, magnitude)
    assert (
        np.abs(unfolded - folded).max() > 0
        and (np.abs(unfolded.astype(float) - folded) < bound).all()
    )


@pytest.mark.parametrize("size", [0.01, 3.0, 700.0])
def test_rounding_to_half(size: float, rng: np.random.Generator) -> None:
    values = size * (1 + rng.uniform(0, 5, 200_000))
    off = values.astype(np.float16) - values
    assert np.sqrt(np.mean(off**2)) == pytest.approx(
        theory.rounding_rms(values, 2.0**-11), rel=0.01
    )


def test_subnormal_weights(rng: np.random.Generator) -> None:
    w, x = rng.uniform(-6e-6, 6e-6, (100, 300)), 50 * rng.standard_normal((100, 300))
    off = ((w.astype(np.float16) - w) * x).sum(axis=1)
    assert np.sqrt(np.mean(off**2)) == pytest.approx(
        theory.underflow_rms(300, 50, 2.0**-24), rel=0.25
    )


@pytest.mark.parametrize("offset", [0.0, 30.0, 3000.0])
def test_variances_err_within_their_bounds(offset: float, rng: np.random.Generator) -> None:
    for m in (4, 64):
        x = (offset + rng.standard_normal((m, 500))).astype(np.float32)
        true, exactly = x.astype(float).var(axis=0), x.astype(float)
        one = np.abs((np.square(x).mean(axis=0) - np.square(x.mean(axis=0))) / true - 1)
        two = np.abs(np.square(x - x.mean(axis=0)).mean(axis=0) / true - 1)
        assert (
            one <= theory.one_pass_round_off(m, 2.0**-24, np.square(exactly).mean(axis=0) / true)
        ).all()
        kappa = np.abs(exactly).max(axis=0) / np.sqrt(true)
        assert (two <= theory.two_pass_round_off(m, 2.0**-24, kappa)).all()
        halves = np.split(x, 2)
        means, variances = (
            [h.mean(axis=0) for h in halves],
            [np.square(h - h.mean(axis=0)).mean(axis=0) for h in halves],
        )
        pooled = sum(variances) / 2 + np.square(means[0] - means[1]) / 4
        assert (
            np.abs(pooled / x.var(axis=0, dtype=float) - 1)
            <= theory.pooled_round_off(m, 2.0**-24, kappa)
        ).all()


@pytest.mark.parametrize("sizes", [(8, 8), (2, 2, 2, 2), (15, 1), (5, 3, 2)])
def test_averages_over_shards(sizes: tuple[int, ...], rng: np.random.Generator) -> None:
    x, repeats = rng.standard_normal((sum(sizes), 200_000)), 200_000
    parts = np.split(x, np.cumsum(sizes)[:-1])
    ratio = np.mean([p.var(axis=0) for p in parts]) / x.var(axis=0).mean()
    assert ratio == pytest.approx(theory.shard_variance_ratio(sizes), rel=10 / np.sqrt(repeats))
    off = np.mean([p.mean(axis=0) for p in parts], axis=0) - x.mean(axis=0)
    assert off.std() == pytest.approx(theory.average_of_means_error(sizes), rel=0.02, abs=1e-12)


def test_equal_shards() -> None:
    assert theory.shard_variance_ratio([8] * 4) == pytest.approx((32 - 4) / (32 - 1))
    assert theory.shard_variance_ratio([8] * 4, 2.0) == pytest.approx((1 - 1 / 8) / (3 - 1 / 32))


@pytest.mark.parametrize("size", [2, 8])
def test_noise_of_a_shard(size: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((size, 400_000))
    mean, variance = theory.shard_noise(size)
    assert x.mean(axis=0).std() == pytest.approx(mean, rel=0.01)
    assert x.var(axis=0).std() / (1 - 1 / size) == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize("factor", [-1.0, 0.5, 3.0])
def test_the_scale_of_weights_before_frozen_statistics(
    factor: float, rng: np.random.Generator
) -> None:
    x, w, gamma, beta = (
        rng.standard_normal((40, 6)),
        rng.standard_normal((6, 5)),
        rng.standard_normal(5),
        0.3,
    )
    mean, std = rng.standard_normal(5), rng.uniform(0.5, 2, 5)

    def f(w):
        return gamma * (x @ w - mean) / std + beta

    change = np.sqrt(np.mean(np.square(f(factor * w) - f(w))))
    assert change == pytest.approx(theory.frozen_scale_change(factor, gamma * (x @ w) / std))


def test_statistics_go_over_to_new_data() -> None:
    running = 5.0
    for step in range(1, 30):
        running = 0.9 * running + 0.1 * 2.0
        assert (running - 2) / 3 == pytest.approx(theory.statistics_left(step, 0.1))


@pytest.mark.parametrize("precision", ["float64", "float32", "float16"])
def test_precisions(precision: str) -> None:
    """Rounding to even: 1 + u is 1, and half of the smallest number is 0, but not a bit more."""
    one, u = np.ones((), precision), np.array(theory.unit_round_off(precision), precision)
    assert one + u == one and one + u * 2 > one
    assert one + u * (one + 4 * u) > one
    smallest = np.array(theory.smallest_number(precision), precision)
    assert smallest > 0 and smallest / 2 == 0
