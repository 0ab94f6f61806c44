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


# -------------------------------------------------------------------------------------------------------------- tiny_batch


def largest_normalized(m: np.ndarray) -> np.ndarray:
    """Largest absolute value that a normalized batch of `m` can hold, `sqrt(m - 1)`.

    For any input; reached, at `eps` = 0, where all but one of the samples are equal. Samuelson 1968; derived in
    docs/transform/tiny-batches.md.
    """
    return np.sqrt(np.asarray(m, dtype=float) - 1)


def normalized_outlier(z: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Normalized value of a sample `z` standard deviations away from its m - 1 neighbours, `z sqrt((m - 1)/(m + z**2))`.

    `z` is measured from the neighbours' mean in their standard deviation (divisor m - 1), both without the sample. Exact
    for `eps` = 0. Derived in docs/transform/tiny-batches.md.
    """
    z, m = np.asarray(z, dtype=float), np.asarray(m, dtype=float)
    return z * np.sqrt((m - 1) / (m + np.square(z)))


def normalized_cdf(x: np.ndarray, m: int) -> np.ndarray:
    """Probability that a normalized sample of a Gaussian batch is at most `x`.

    x̂²/(m - 1) has a Beta(1/2, (m - 2)/2) distribution and x̂ is symmetric; for m = 2 it is -1 or 1. Exact for `eps` = 0.
    Thompson 1935; derived in docs/transform/tiny-batches.md.

    Raises
    ------
    ValueError
        If `m` is below 2.
    """
    from scipy.special import betainc

    if m < 2:
        raise ValueError(f"a batch takes at least 2 samples, got {m}")
    x = np.asarray(x, dtype=float)
    if m == 2:
        return np.where(x < -1, 0.0, np.where(x < 1, 0.5, 1.0))
    inside = betainc(0.5, (m - 2) / 2, np.minimum(np.square(x) / (m - 1), 1.0))
    return 0.5 * (1 + np.sign(x) * inside)


def batch_variance(m: np.ndarray) -> np.ndarray:
    """Expectation of a batch's variance (divisor m) as a share of the population's, `(m - 1) / m`.

    Exact for independent samples of any distribution with a variance. Derived in docs/transform/tiny-batches.md.
    """
    m = np.asarray(m, dtype=float)
    return (m - 1) / m


def inverse_batch_variance(m: np.ndarray) -> np.ndarray:
    """Expectation of 1/σ_B² times the population's variance, `m / (m - 3)`; infinite for m <= 3.

    σ_B² is the variance of a Gaussian batch with divisor m, and m σ_B² is χ² distributed with m - 1 degrees of freedom. Exact
    for `eps` = 0. Derived in docs/transform/tiny-batches.md.
    """
    m = np.asarray(m, dtype=float)
    return np.where(m > 3, m / np.where(m > 3, m - 3, 1.0), np.inf)


# -------------------------------------------------------------------------------------------------------------------- undo


def batch_std(m: np.ndarray) -> np.ndarray:
    """Expectation of a Gaussian batch's standard deviation (divisor m), `sqrt(2/m) Γ(m/2)/Γ((m-1)/2)`, the population's being 1.

    About `1 - 3/(4m)`. Exact for m >= 2: the mean of a χ variable of m - 1 degrees of freedom, over sqrt(m). Derived in
    docs/transform/undo.md.
    """
    from scipy.special import gammaln

    m = np.asarray(m, dtype=float)
    return np.sqrt(2 / m) * np.exp(gammaln(m / 2) - gammaln((m - 1) / 2))


def undo_error(m: np.ndarray) -> np.ndarray:
    """Mean squared error, over the variance, of undoing batch norm by γ = σ and β = μ: `2 (1 - batch_std(m))`.

    Exact for Gaussian inputs, `eps` = 0 and batch statistics; about `3/(2m)`. Derived in docs/transform/undo.md.
    """
    return 2 * (1 - batch_std(m))


def best_undo_error(m: np.ndarray) -> np.ndarray:
    """The same for the best γ and β of all, `1 - batch_std(m)**2`, reached at γ = σ batch_std(m), β = μ.

    Exact for Gaussian inputs, `eps` = 0 and batch statistics. Derived in docs/transform/undo.md.
    """
    return 1 - np.square(batch_std(m))


def undo_error_large_batch(m: np.ndarray, kurtosis: float) -> np.ndarray:
    """Leading term of `undo_error` for inputs of any kurtosis (3 for a Gaussian), `(kurtosis + 3)/(4m)`.

    The next term is of order 1/m². Needs finite moments beyond the fourth. Derived in docs/transform/undo.md.
    """
    return (kurtosis + 3) / (4 * np.asarray(m, dtype=float))


def undo_error_epsilon(sigma: np.ndarray, eps: float) -> np.ndarray:
    """Mean squared error, over the variance, of γ = σ in the place of sqrt(σ² + eps): `(1 - σ/sqrt(σ² + eps))**2`.

    Exact for fixed statistics. Derived in docs/transform/undo.md.
    """
    return np.square(1 - sigma / np.sqrt(np.square(sigma) + eps))


# -------------------------------------------------------------------------------------------------------- scale_invariance


def radial_gradient(
    gamma: np.ndarray, gamma_gradient: np.ndarray, variance: np.ndarray, eps: float
) -> np.ndarray:
    """A unit's w·∂L/∂w in front of a batch norm, `gamma * dL/dgamma * eps / (variance + eps)`.

    `variance` is the unit's biased batch variance. Exact for any weights, data and loss, without a bias in front or with
    one; 0 without ε. Derived in docs/optimization/size-of-weights.md.
    """
    return gamma * gamma_gradient * eps / (variance + eps)


# -------------------------------------------------------------------------------------------------- rotational_equilibrium


def equilibrium_angle(rate: float, decay: float) -> float:
    """Root mean square angle of an SGD step of scale-invariant weights in equilibrium, `sqrt(2 * rate * decay)`, in radians.

    The leading term for small `rate * decay`, with plain SGD (no momentum) and decay as part of the gradient. With a
    gradient of constant size it is exactly `arccos(1 - rate * decay)`, a relative `rate * decay / 12` more. Wan et al.
    2021; derived in docs/optimization/effective-learning-rate.md.
    """
    return float(np.sqrt(2.0 * rate * decay))


def equilibrium_fourth_power(
    rate: float, decay: float, unit_gradient: np.ndarray, scatter: np.ndarray | None = None
) -> np.ndarray:
    """Mean of ‖w‖⁴ in equilibrium, `rate / (2 * decay) * unit_gradient`, for a small product of rate and decay.

    `unit_gradient` is the mean of ‖w‖²‖∇L(w)‖², the squared gradient at weights of length 1. With its relative variance
    `scatter`, the next order is included too, a factor of `1 + rate * decay * (1 / 2 + scatter)`, for gradients whose size
    does not depend on those before. Van Laarhoven 2017 and Wan et al. 2021; derived, as is the next order, in
    docs/optimization/effective-learning-rate.md.
    """
    leading = rate / (2.0 * decay) * np.asarray(unit_gradient)
    return leading if scatter is None else leading * (1.0 + rate * decay * (0.5 + np.asarray(scatter)))


def squared_lengths(start: float, steps: int, rate: float, decay: float, unit_gradient: float) -> np.ndarray:
    """Squared lengths at steps 0 to `steps` of scale-invariant weights under SGD, if every gradient had the mean size.

    The recurrence `u ← (1 - rate * decay)**2 * u + rate**2 * unit_gradient / u` from `u = start**2`; exact for a gradient
    of constant size at weights of length 1. Derived in docs/optimization/effective-learning-rate.md.
    """
    squared = np.empty(steps + 1)
    squared[0] = start**2
    for step in range(steps):
        squared[step + 1] = (1 - rate * decay) ** 2 * squared[step] + rate**2 * unit_gradient / squared[step]
    return squared


# ---------------------------------------------------------------------------------------------------------------- jacobian


def backward_spectrum(m: int, gamma: float, sigma: float, eps: float) -> np.ndarray:
    """Singular values of batch norm's Jacobian ∂y/∂x for one unit, largest first: m - 2 alike, the stretch, and 0.

    With s = sqrt(sigma**2 + eps): `|gamma|/s` for m - 2 directions, `|gamma| * eps / s**3` along x̂ and 0 along the constant
    vector. Exact for m >= 2 and `sigma` > 0. Derived in docs/transform/backward-pass.md.
    """
    s = np.sqrt(sigma**2 + eps)
    return np.abs(gamma) / s * np.array([1.0] * (m - 2) + [eps / s**2, 0.0])


def stretch_passed(sigma: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """Share of the gradient along x̂ that gets back, against the gradient across it: `eps / (sigma**2 + eps)`.

    0 for `eps` = 0; one half at sigma = sqrt(eps). Derived in docs/transform/backward-pass.md.
    """
    return eps / (np.square(sigma) + eps)


# ------------------------------------------------------------------------------------------------------------ conventions


def running_variance(m: np.ndarray, unbiased: bool) -> np.ndarray:
    """What enters the running variance, over the variance that the batch is divided by: m/(m - 1), or 1 if biased.

    Exact for m >= 2: the two variances are the same sum over m - 1 and over m. docs/inference/conventions.md.
    """
    m = np.asarray(m, dtype=float)
    return m / (m - 1) if unbiased else np.ones_like(m)


def normalization_round_off(m: int, u: float, kappa: np.ndarray, one_pass: bool) -> np.ndarray:
    """Bound on how far two correct computations of x̂ may lie apart, `4 (m + 5) sqrt(m) u kappa**p`.

    To first order in the unit round-off `u` (2**-53 or 2**-24), for `kappa` = max(1, max|x| / sqrt(var + eps)); p = 1 if the variance
    is centred and 2 if one of the two takes E[x²] - E[x]² in one pass. Derived in docs/inference/conventions.md from the error of a sum of
    m terms (Higham 2002, chapter 4).
    """
    return 4 * (m + 5) * np.sqrt(m) * u * np.asarray(kappa, dtype=float) ** (2 if one_pass else 1)


# -------------------------------------------------------------------------------------------------------------------- bngd


def descent_factor(rate: np.ndarray, eigenvalues: np.ndarray) -> np.ndarray:
    """By what a step of gradient descent multiplies the distance from the minimum of a quadratic, in the end.

    `max |1 - rate * eigenvalue|` over the eigenvalues of its Hessian, for starts with a part along each eigenvector; below 1,
    that is stable, for `0 < rate < 2 / max(eigenvalues)`. Textbook; derived in docs/optimization/learning-rates.md.
    """
    return np.abs(1.0 - np.asarray(rate)[..., None] * np.asarray(eigenvalues)).max(axis=-1)


# ----------------------------------------------------------------------------------------------------------- dropout shift


def dropout_variance_ratio(keep: np.ndarray, mean: float, variance: float) -> np.ndarray:
    """Variance without dropout over variance under it, `variance / ((variance + mean**2) / keep - mean**2)`.

    Exact for inverted dropout, x a / keep with independent a of probability `keep`. Li et al. 2019; derived in
    docs/inference/dropout.md.
    """
    return variance / ((variance + mean**2) / np.asarray(keep, dtype=float) - mean**2)


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
