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
    assert np.isinf(theory.inverse_batch_variance([2, 3])).all() and theory.inverse_batch_variance(4) == 4


@pytest.mark.parametrize("m", [2, 3, 8, 50])
def test_undoing_a_gaussian_batch(m: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2_000_000 // m, m))
    std = x.std(axis=1, keepdims=True)
    xhat = (x - x.mean(axis=1, keepdims=True)) / std
    assert theory.batch_std(m) == pytest.approx(std.mean(), rel=0.005)
    assert theory.undo_error(m) == pytest.approx(np.square(xhat - x).mean(), rel=0.02)
    assert theory.best_undo_error(m) == pytest.approx(np.square(std.mean() * xhat - x).mean(), rel=0.02)


def test_undoing_large_batches_and_with_epsilon(rng: np.random.Generator) -> None:
    assert theory.undo_error([2, 8]) == pytest.approx([2 * (1 - 1 / np.sqrt(np.pi)), 0.19459], abs=1e-5)
    assert theory.undo_error_large_batch(10_000, 3.0) == pytest.approx(theory.undo_error(10_000), rel=1e-3)
    x = rng.uniform(-np.sqrt(3), np.sqrt(3), (40_000, 100))
    assert theory.undo_error_large_batch(100, 1.8) == pytest.approx(2 * (1 - x.std(axis=1).mean()), rel=0.03)
    z = rng.standard_normal(1000)
    y = 0.01 * (0.01 * z) / np.sqrt(0.01**2 + 1e-3)
    expected = np.square(y - 0.01 * z).mean() / np.square(0.01 * z).mean()
    assert theory.undo_error_epsilon(0.01, 1e-3) == pytest.approx(expected)


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
    assert theory.radial_gradient(gamma, gamma_gradient, z.var(), eps) == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize(("rate", "decay"), [(0.1, 0.01), (1.0, 0.003), (0.5, 0.1)])
def test_the_recurrence_of_squared_lengths_settles(rate: float, decay: float) -> None:
    """Constant gradients: exact forms, of which the others are the leading order."""
    squared = theory.squared_lengths(3.0, 40_000, rate, decay, unit_gradient=0.7)
    exact = rate * 0.7 / (decay * (2 - rate * decay))
    assert squared[0] == 9.0 and squared[-1] ** 2 == pytest.approx(exact, rel=1e-9)
    assert theory.equilibrium_fourth_power(rate, decay, 0.7) == pytest.approx(exact, rel=0.6 * rate * decay)
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
    assert theory.equilibrium_fourth_power(rate, decay, 1.0, scatter) == pytest.approx(total / 400, rel=2e-3)


@pytest.mark.parametrize(
    ("m", "gamma", "sigma", "eps"), [(2, 1.0, 1.0, 0.0), (5, -2.0, 0.3, 1e-2), (20, 0.5, 4.0, 1e-5)]
)
def test_backward_spectrum(m: int, gamma: float, sigma: float, eps: float, rng: np.random.Generator) -> None:
    """Against the Jacobian of the forward pass by central differences."""
    x = rng.standard_normal(m)
    x = sigma * (x - x.mean()) / x.std()

    def forward(x: np.ndarray) -> np.ndarray:
        return gamma * (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + eps)

    step = 1e-5 * sigma * np.eye(m)
    jacobian = (forward(x + step) - forward(x - step)) / (2e-5 * sigma)
    values = theory.backward_spectrum(m, gamma, sigma, eps)
    scale = abs(gamma) / np.sqrt(sigma**2 + eps)
    assert np.linalg.svd(jacobian, compute_uv=False) == pytest.approx(values, abs=1e-8 * scale)
    assert values[-2] == pytest.approx(scale * theory.stretch_passed(sigma, eps))


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


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.66, 0.68, 2.0])
def test_descent_factor_is_the_spectral_radius(rate: float, rng: np.random.Generator) -> None:
    a = rng.standard_normal((6, 6))
    hessian = a @ a.T
    hessian *= 3 / np.linalg.eigvalsh(hessian)[-1]
    radius = np.abs(np.linalg.eigvals(np.eye(6) - rate * hessian)).max()
    assert theory.descent_factor(rate, np.linalg.eigvalsh(hessian)) == pytest.approx(radius)
    assert (radius < 1) == (rate < 2 / 3)


@pytest.mark.parametrize("keep", [0.2, 0.5, 1.0])
def test_dropout_variance_ratio(keep: float) -> None:
    values, weights = (
        np.array([0.0, 1.0, 4.0]),
        np.array([0.5, 0.3, 0.2]),
    )  # every outcome, with its probability
    mean, variance = weights @ values, weights @ values**2 - (weights @ values) ** 2
    under = weights @ (keep * (values / keep) ** 2) - mean**2
    assert theory.dropout_variance_ratio(keep, mean, variance) == pytest.approx(variance / under)


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
