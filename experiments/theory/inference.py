"""Closed forms of training against inference: running statistics, conventions, dropout."""

from __future__ import annotations

import numpy as np


def ema_mean(steps: np.ndarray, rate: float, mean: float, start: float = 0.0) -> np.ndarray:
    """Expectation of a running average after `steps` updates.

    `mean + (start - mean) * (1 - rate)**steps`, exact if every update has expectation `mean`; the
    updates need not be independent. Derived by taking the expectation of the recurrence;
    docs/inference/running-statistics.md.
    """
    return mean + (start - mean) * (1.0 - rate) ** np.asarray(steps, dtype=float)


def ema_variance(steps: np.ndarray, rate: float, variance: float) -> np.ndarray:
    """Variance of a running average after `steps` updates.

    `rate / (2 - rate) * (1 - (1 - rate)**(2 * steps)) * variance`, exact for independent updates of
    variance `variance` (for the mean of a batch: sigma**2 / m) and a start without randomness. The
    limit for many steps is `rate / (2 - rate) * variance`. Derived as a geometric sum;
    docs/inference/running-statistics.md.
    """
    limit = rate / (2.0 - rate)
    reached = 1.0 - (1.0 - rate) ** (2.0 * np.asarray(steps, dtype=float))
    return limit * reached * variance


def steps_to_within(tolerance: float, rate: float) -> int:
    """Updates until the start weighs at most `tolerance` in a running average.

    The smallest t with `(1 - rate)**t <= tolerance`, which is `ceil(ln(tolerance) / ln(1 - rate))`,
    about `-ln(tolerance) / rate` for a small rate; 1 if the rate is 1. Derived from `ema_mean`;
    docs/inference/running-statistics.md.

    Raises
    ------
    ValueError
        If `tolerance` is not between 0 and 1, or `rate` not in (0, 1].
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"the tolerance lies between 0 and 1, got {tolerance}")
    if not 0 < rate <= 1:
        raise ValueError(f"the rate lies above 0 and at most at 1, got {rate}")
    return 1 if rate == 1 else int(np.ceil(np.log(tolerance) / np.log1p(-rate)))


def eval_variance_fixed_batch(layers: np.ndarray, m: np.ndarray, unbiased: bool) -> np.ndarray:
    """Variance of a batch after `layers` normalizations in eval mode, trained on it alone.

    The statistics have converged on that one batch: `((m - 1) / m)**layers` with Bessel's
    correction in the running variance, 1 without. In train mode it is 1. Exact for `eps` = 0,
    population variance (divisor m). Derived in docs/inference/train-eval-gap.md.
    """
    m, layers = np.asarray(m, dtype=float), np.asarray(layers, dtype=float)
    if unbiased:
        return ((m - 1) / m) ** layers
    return np.ones(np.broadcast_shapes(m.shape, layers.shape))


def eval_variance_population(layers: np.ndarray, m: np.ndarray, unbiased: bool) -> np.ndarray:
    """Variance over the population after `layers` normalizations in eval mode.

    For converged running statistics. With Bessel's correction `((m - 1) / m)**(layers - 1)`: the
    first layer is right and every later one divides by m/(m-1) although its input had batch
    variance 1. Without, `m / (m - 1)` at every depth: the first layer is wrong and the others are
    right. Exact for `eps` = 0, independent samples and running averages equal to their expectation;
    a rate above 0 adds a relative error of order rate/m a layer. Derived in
    docs/inference/train-eval-gap.md.
    """
    m, layers = np.asarray(m, dtype=float), np.asarray(layers, dtype=float)
    first = np.ones(np.broadcast_shapes(m.shape, layers.shape))
    return ((m - 1) / m) ** (layers - 1) if unbiased else first * m / (m - 1)


def example_quantile(probability: np.ndarray, z: float, m: np.ndarray) -> np.ndarray:
    """Quantile of one example's normalized value when the m - 1 others of its batch are drawn anew.

    The example stands `z` standard deviations from the mean of a Gaussian population. With t a
    non-central t variable of m - 2 degrees of freedom and non-centrality sqrt(m - 1) z, its
    normalized value is `sqrt(m - 1) * t / sqrt(m * (m - 2) + t**2)`, which rises with t, so
    quantiles carry over. Exact for `eps` = 0, m >= 3. Derived in docs/inference/train-eval-gap.md.

    Raises
    ------
    ValueError
        If a batch has fewer than 3 samples: the m - 1 others then have no variance of their own.
    """
    from scipy.stats import nct

    m = np.asarray(m, dtype=float)
    if (m < 3).any():
        raise ValueError(f"the distribution is defined for batches of 3 or more, got {m.min():g}")
    t = nct.ppf(probability, m - 2, np.sqrt(m - 1) * z)
    return np.sqrt(m - 1) * t / np.sqrt(m * (m - 2) + np.square(t))


def running_variance(m: np.ndarray, unbiased: bool) -> np.ndarray:
    """What enters the running variance, over the variance that the batch is divided by.

    m/(m - 1), or 1 if biased. Exact for m >= 2: the two variances are the same sum over m - 1 and
    over m. docs/inference/conventions.md.
    """
    m = np.asarray(m, dtype=float)
    return m / (m - 1) if unbiased else np.ones_like(m)


def normalization_round_off(m: int, u: float, kappa: np.ndarray, one_pass: bool) -> np.ndarray:
    """Bound on the distance between two correct computations of x̂.

    `4 (m + 5) sqrt(m) u kappa**p`, to first order in the unit round-off `u` (2**-53 or 2**-24),
    with `kappa = max(1, max|x| / sqrt(var + eps))`; p = 1 if the variance is centred and 2 if one
    of the two takes E[x²] - E[x]² in one pass. Derived in docs/inference/conventions.md from the
    error of a sum of m terms (Higham 2002, chapter 4).
    """
    return 4 * (m + 5) * np.sqrt(m) * u * np.asarray(kappa, dtype=float) ** (2 if one_pass else 1)


def dropout_variance_ratio(keep: np.ndarray, mean: float, variance: float) -> np.ndarray:
    """Variance without dropout over variance with it.

    `variance / ((variance + mean**2) / keep - mean**2)`, exact for inverted dropout, x a / keep
    with independent a of probability `keep`. Li et al. 2019; derived in docs/inference/dropout.md.
    """
    return variance / ((variance + mean**2) / np.asarray(keep, dtype=float) - mean**2)


def unit_round_off(precision: str) -> float:
    """The largest relative error of rounding: 2**-53, 2**-24 or 2**-11 for float64, 32 or 16."""
    return float(np.finfo(precision).eps) / 2


def smallest_number(precision: str) -> float:
    """The smallest positive number of a precision, half of which is lost in underflow."""
    return float(np.finfo(precision).smallest_subnormal)


def fold_round_off(terms: int, u: float, u_sum: float, magnitude: np.ndarray) -> np.ndarray:
    """Bound on the distance between a dense layer with batch norm and the folded layer.

    `2 (terms u_sum + 6 u) magnitude`, to first order in `u`, the unit round-off of what is stored,
    and `u_sum`, that of sums of `terms` products (2**-24 for float16), without underflow.
    `magnitude` of an output is `|γ|/√(var + ε) (Σ|x w| + |b| + |running mean|) + |β|`. Derived in
    docs/inference/deployment.md from the error of a sum (Higham 2002, chapter 4).
    """
    return 2 * (terms * u_sum + 6 * u) * magnitude


def rounding_rms(values: np.ndarray, u: float, axis: int | None = None) -> np.ndarray:
    """Root mean square error of rounding `values`.

    `√mean(spacing²/12)` with spacing `2 u 2**⌊log₂|value|⌋`, for errors spread evenly over the
    spacing of floating-point numbers, which holds well if the values vary over many spacings; no
    subnormal numbers. docs/inference/deployment.md.
    """
    _, exponent = np.frexp(values)  # |value| = fraction * 2**exponent with fraction in [1/2, 1)
    return np.sqrt(np.mean(np.square(np.ldexp(2 * u, exponent - 1)), axis=axis) / 12)


def underflow_rms(terms: int, std: float, smallest: float) -> float:
    """Root mean square error of a sum of `terms` products whose weights are all subnormal.

    `std √(terms/12) smallest`, for independent inputs of mean 0 and standard deviation `std`, and
    weights whose errors are spread evenly over the spacing `smallest` of subnormal numbers.
    docs/inference/deployment.md.
    """
    return float(std * np.sqrt(terms / 12) * smallest)


def one_pass_round_off(m: int, u: float, kappa_squared: np.ndarray) -> np.ndarray:
    """Bound on the relative error of a variance taken as E[x²] - E[x]².

    `(3 m + 3) u kappa_squared`, to first order in the unit round-off `u`, for sums of m terms in
    any order and `kappa_squared` = E[x²]/var = 1 + mean²/var, with the data's own moments. Derived
    in docs/inference/deployment.md.
    """
    return (3 * m + 3) * u * np.asarray(kappa_squared, dtype=float)


def two_pass_round_off(m: int, u: float, kappa: np.ndarray) -> np.ndarray:
    """Bound on the relative error of a centred variance, `(m + 3) u + ((m + 1) u kappa)²`.

    For `kappa` = max|x|/std: the mean errs by (m + 1) u max|x| at most, and the square of that
    enters the variance. Derived in docs/inference/deployment.md.
    """
    return (m + 3) * u + np.square((m + 1) * u * np.asarray(kappa, dtype=float))


def pooled_round_off(m: int, u: float, kappa: np.ndarray) -> np.ndarray:
    """Bound on the relative distance of a batch's variance from that pooled over its shards.

    `(2 (m + 3) + 4 (m + 1) kappa) u`, to first order in the unit round-off `u`, for m samples in
    all and `kappa` = max|x|/std: each variance is centred and errs by (m + 3) u, and the means that
    differ between shards err by (m + 1) u max|x|. Derived in docs/inference/deployment.md.
    """
    return (2 * (m + 3) + 4 * (m + 1) * np.asarray(kappa, dtype=float)) * u


def shard_variance_ratio(sizes: np.ndarray, shift_variance: float = 0.0) -> float:
    """Average of the shards' variances over the variance of the whole batch, each in expectation.

    With n = Σ n_k and h the harmonic mean of `sizes` it is
    `(1 - 1/h) / (1 - 1/n + shift_variance)`, for independent samples of variance 1 whose means
    differ between shards of equal size by `shift_variance`. Exact; equal shards n_k = n/k without a
    shift give (n - k)/(n - 1). Derived in docs/inference/deployment.md.
    """
    sizes = np.asarray(sizes, dtype=float)
    return float((1 - np.mean(1 / sizes)) / (1 - 1 / sizes.sum() + shift_variance))


def shard_noise(size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviation of the mean of `size` samples and of their variance.

    The first in standard deviations of the samples, `1/√size` for every distribution; the second
    over its expectation, `√(2/(size - 1))` for a Gaussian one (chi-squared with size - 1 degrees of
    freedom). docs/inference/deployment.md.
    """
    size = np.asarray(size, dtype=float)
    return 1 / np.sqrt(size), np.sqrt(2 / (size - 1))


def average_of_means_error(sizes: np.ndarray) -> float:
    """Standard deviation of the plain average of the shards' means about the batch mean.

    `√Σ (1/k - n_k/n)²/n_k` over k shards, in standard deviations of the samples; 0 if the shards
    are equal. Exact for independent samples. docs/inference/deployment.md.
    """
    sizes = np.asarray(sizes, dtype=float)
    return float(np.sqrt(np.sum(np.square(1 / sizes.size - sizes / sizes.sum()) / sizes)))


def frozen_scale_change(factors: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    """Root mean square change of outputs if the weights before frozen batch norm are multiplied.

    `|factor - 1| √mean(scaled²)` with `scaled` = γ x W/√(running_var + ε), every output without its
    constants. Exact: batch norm with fixed statistics is affine in x W. With batch statistics the
    change is 0 for `eps` = 0. Derived in docs/inference/freezing.md.
    """
    return np.abs(np.asarray(factors, dtype=float) - 1) * np.sqrt(np.mean(np.square(scaled)))


def statistics_left(steps: np.ndarray, rate: float) -> np.ndarray:
    """Share of the distance from old to new statistics left after `steps` batches of new data.

    `(1 - rate)**steps`, in expectation. Exact for the running mean if what comes before the layer
    does not change: `ema_mean` started at the old mean. docs/inference/freezing.md.
    """
    return (1.0 - rate) ** np.asarray(steps, dtype=float)
