"""Closed forms that measurements are held against.

Every function gives its formula, where the formula holds, and where it comes from: a paper and section, or "derived" with
the page of this site that derives it. Symbols are the field's own: batch size `m`, scale `gamma`, standard deviation
`sigma` of a unit's input, `eps` under the root, `rate` = the weight of the new value in a running average (PyTorch's
`momentum`; one minus the `momentum` of Keras and Flax).
"""

from __future__ import annotations

import numpy as np

# ---------------------------------------------------------------------------------------------------------- the transform


def output_std(gamma: np.ndarray, sigma: np.ndarray, eps: float) -> np.ndarray:
    """Standard deviation of a unit's output over the batch, `|gamma| * sigma / sqrt(sigma**2 + eps)`.

    Exact for the population standard deviation (divisor m) of the batch that was normalized. 0 where `sigma` is 0 and
    `eps` is positive. Derived from Ioffe & Szegedy 2015, Algorithm 1; docs/transform/what-batch-norm-computes.md.
    """
    return np.abs(gamma) * sigma / np.sqrt(np.square(sigma) + eps)


def removed_share(m: np.ndarray) -> np.ndarray:
    """Share of a random gradient's squared length that passes through the batch mean and variance, `2 / m`.

    The expectation of ‖P g‖²/‖g‖² for an isotropic `g` of `m` entries, where P projects on the two directions 1 and x̂;
    exact for `eps` = 0 and m >= 2. Derived: the trace of P is 2. docs/transform/what-batch-norm-computes.md.
    """
    return 2.0 / np.asarray(m, dtype=float)


# ------------------------------------------------------------------------------------------------------ running statistics


def ema_mean(steps: np.ndarray, rate: float, mean: float, start: float = 0.0) -> np.ndarray:
    """Expectation of a running average after `steps` updates, `mean + (start - mean) * (1 - rate)**steps`.

    Exact if every update has expectation `mean`; the updates need not be independent. Derived by taking the expectation
    of the recurrence; docs/inference/running-statistics.md.
    """
    return mean + (start - mean) * (1.0 - rate) ** np.asarray(steps, dtype=float)


def ema_variance(steps: np.ndarray, rate: float, variance: float) -> np.ndarray:
    """Variance of a running average, `rate / (2 - rate) * (1 - (1 - rate)**(2 * steps)) * variance`.

    Exact for independent updates of variance `variance` (for the mean of a batch: sigma**2 / m) and a start without
    randomness. The limit for many steps is `rate / (2 - rate) * variance`. Derived as a geometric sum;
    docs/inference/running-statistics.md.
    """
    return rate / (2.0 - rate) * (1.0 - (1.0 - rate) ** (2.0 * np.asarray(steps, dtype=float))) * variance


def steps_to_within(tolerance: float, rate: float) -> int:
    """Updates until the start weighs at most `tolerance`: the smallest t with `(1 - rate)**t <= tolerance`.

    `ceil(ln(tolerance) / ln(1 - rate))`, about `-ln(tolerance) / rate` for a small rate; 1 if the rate is 1. Derived from
    `ema_mean`; docs/inference/running-statistics.md.

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


# ---------------------------------------------------------------------------------------------------- training and inference


def eval_variance_fixed_batch(layers: np.ndarray, m: np.ndarray, unbiased: bool) -> np.ndarray:
    """Variance of a batch after `layers` normalizations in eval mode, for statistics that converged on that one batch.

    `((m - 1) / m)**layers` with Bessel's correction in the running variance, 1 without. In train mode it is 1. Exact for
    `eps` = 0, population variance (divisor m). Derived in docs/inference/train-eval-gap.md.
    """
    m, layers = np.asarray(m, dtype=float), np.asarray(layers, dtype=float)
    return ((m - 1) / m) ** layers if unbiased else np.ones(np.broadcast_shapes(m.shape, layers.shape))


def eval_variance_population(layers: np.ndarray, m: np.ndarray, unbiased: bool) -> np.ndarray:
    """Variance over the population after `layers` normalizations in eval mode, for converged running statistics.

    With Bessel's correction `((m - 1) / m)**(layers - 1)`: the first layer is right and every later one divides by
    m/(m-1) although its input had batch variance 1. Without, `m / (m - 1)` at every depth: the first layer is wrong and
    the others are right. Exact for `eps` = 0, independent samples and running averages equal to their expectation; a rate
    above 0 adds a relative error of order rate/m a layer. Derived in docs/inference/train-eval-gap.md.
    """
    m, layers = np.asarray(m, dtype=float), np.asarray(layers, dtype=float)
    first = np.ones(np.broadcast_shapes(m.shape, layers.shape))
    return ((m - 1) / m) ** (layers - 1) if unbiased else first * m / (m - 1)


def example_quantile(probability: np.ndarray, z: float, m: np.ndarray) -> np.ndarray:
    """Quantile of one example's normalized value when the m - 1 others of its batch are drawn anew.

    The example stands `z` standard deviations from the mean of a Gaussian population. With t a non-central t variable of
    m - 2 degrees of freedom and non-centrality sqrt(m - 1) z, its normalized value is
    `sqrt(m - 1) * t / sqrt(m * (m - 2) + t**2)`, which rises with t, so quantiles carry over. Exact for `eps` = 0, m >= 3.
    Derived in docs/inference/train-eval-gap.md.

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


# ------------------------------------------------------------------------------------------------------ gradient_explosion


def relu_correlation(c: np.ndarray) -> np.ndarray:
    """Uncentred correlation of relu(u) and relu(v) for Gaussians of correlation `c`: `(sqrt(1 - c**2) + (pi - arccos c) c) / pi`.

    E[relu(u) relu(v)] over E[relu(u)²], for zero means and equal variances; exact for -1 <= c <= 1. Its derivative is
    `(pi - arccos c) / pi`, twice the probability that both are positive. Cho & Saul 2009, the arc-cosine kernel of order 1.
    """
    c = np.asarray(c, dtype=float)
    return (np.sqrt(1 - c**2) + (np.pi - np.arccos(c)) * c) / np.pi


def relu_gradient_growth(m: np.ndarray) -> np.ndarray:
    """Growth of ‖∂L/∂z‖² from a layer to the one below, with batch norm and ReLU at random weights.

    `(J'(c) + m - 1) / ((m - 3) (1 - J(c))) - 1 / (m - 3)` with J = `relu_correlation` and c = -1/(m - 1). The limit for large
    batches is pi / (pi - 1). Holds for `eps` = 0, layers much wider than the batch, from the second layer on. Yang et al. 2019;
    derived in docs/depth/gradients-explode.md.

    Raises
    ------
    ValueError
        If a batch has fewer than 4 samples: the expectation is infinite.
    """
    m = _more_than_three(m)
    c = -1 / (m - 1)
    slope = (np.pi - np.arccos(c)) / np.pi
    return (slope + m - 1) / ((m - 3) * (1 - relu_correlation(c))) - 1 / (m - 3)


def linear_gradient_growth(m: np.ndarray) -> np.ndarray:
    """Growth of ‖∂L/∂z‖² from a layer to the one below, with batch norm and no activation: `(m - 2) / (m - 3)`.

    Holds for `eps` = 0, layers much wider than the batch, from the second layer on. Yang et al. 2019; derived in
    docs/depth/gradients-explode.md.

    Raises
    ------
    ValueError
        If a batch has fewer than 4 samples: the expectation is infinite.
    """
    m = _more_than_three(m)
    return (m - 2) / (m - 3)


def _more_than_three(m: np.ndarray) -> np.ndarray:
    m = np.asarray(m, dtype=float)
    if (m <= 3).any():
        raise ValueError(f"the growth is finite for batches of 4 or more, got {m.min():g}")
    return m
