"""Closed forms of the transform itself: one batch, one layer."""

from __future__ import annotations

import numpy as np


def output_std(gamma: np.ndarray, sigma: np.ndarray, eps: float) -> np.ndarray:
    """Standard deviation of a unit's output over the batch.

    `|gamma| * sigma / sqrt(sigma**2 + eps)`, exact for the population standard deviation (divisor
    m) of the batch that was normalized. 0 where `sigma` is 0 and `eps` is positive. Derived from
    Ioffe & Szegedy 2015, Algorithm 1; docs/transform/what-batch-norm-computes.md.
    """
    return np.abs(gamma) * sigma / np.sqrt(np.square(sigma) + eps)


def removed_share(m: np.ndarray) -> np.ndarray:
    """Share of a random gradient's squared length that the batch mean and variance remove, `2 / m`.

    The expectation of ‖P g‖²/‖g‖² for an isotropic `g` of `m` entries, where P projects on the two
    directions 1 and x̂; exact for `eps` = 0 and m >= 2. Derived: the trace of P is 2.
    docs/transform/what-batch-norm-computes.md.
    """
    return 2.0 / np.asarray(m, dtype=float)


def largest_normalized(m: np.ndarray) -> np.ndarray:
    """Largest absolute value that a normalized batch of `m` can hold, `sqrt(m - 1)`.

    For any input; reached, at `eps` = 0, where all but one of the samples are equal.
    Samuelson 1968; derived in docs/transform/tiny-batches.md.
    """
    return np.sqrt(np.asarray(m, dtype=float) - 1)


def normalized_outlier(z: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Normalized value of a sample `z` standard deviations away from its m - 1 neighbours.

    `z sqrt((m - 1)/(m + z**2))`. `z` is measured from the neighbours' mean in their standard
    deviation (divisor m - 1), both without the sample. Exact for `eps` = 0. Derived in
    docs/transform/tiny-batches.md.
    """
    z, m = np.asarray(z, dtype=float), np.asarray(m, dtype=float)
    return z * np.sqrt((m - 1) / (m + np.square(z)))


def normalized_cdf(x: np.ndarray, m: int) -> np.ndarray:
    """Probability that a normalized sample of a Gaussian batch is at most `x`.

    x̂²/(m - 1) has a Beta(1/2, (m - 2)/2) distribution and x̂ is symmetric; for m = 2 it is -1 or
    1. Exact for `eps` = 0. Thompson 1935; derived in docs/transform/tiny-batches.md.

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

    Exact for independent samples of any distribution with a variance. Derived in
    docs/transform/tiny-batches.md.
    """
    m = np.asarray(m, dtype=float)
    return (m - 1) / m


def inverse_batch_variance(m: np.ndarray) -> np.ndarray:
    """Expectation of 1/σ_B² times the population's variance, `m / (m - 3)`; infinite for m <= 3.

    σ_B² is the variance of a Gaussian batch with divisor m, and m σ_B² is χ² distributed with m - 1
    degrees of freedom. Exact for `eps` = 0. Derived in docs/transform/tiny-batches.md.
    """
    m = np.asarray(m, dtype=float)
    return np.where(m > 3, m / np.where(m > 3, m - 3, 1.0), np.inf)


def batch_std(m: np.ndarray) -> np.ndarray:
    """Expectation of a Gaussian batch's standard deviation (divisor m), the population's being 1.

    `sqrt(2/m) Γ(m/2)/Γ((m-1)/2)`, about `1 - 3/(4m)`. Exact for m >= 2: the mean of a χ variable of
    m - 1 degrees of freedom, over sqrt(m). Derived in docs/transform/undo.md.
    """
    from scipy.special import gammaln

    m = np.asarray(m, dtype=float)
    return np.sqrt(2 / m) * np.exp(gammaln(m / 2) - gammaln((m - 1) / 2))


def undo_error(m: np.ndarray) -> np.ndarray:
    """Mean squared error, over the variance, of undoing batch norm by γ = σ and β = μ.

    `2 (1 - batch_std(m))`, exact for Gaussian inputs, `eps` = 0 and batch statistics; about
    `3/(2m)`. Derived in docs/transform/undo.md.
    """
    return 2 * (1 - batch_std(m))


def best_undo_error(m: np.ndarray) -> np.ndarray:
    """The same for the best γ and β of all, γ = σ batch_std(m) and β = μ.

    `1 - batch_std(m)**2`, exact for Gaussian inputs, `eps` = 0 and batch statistics. Derived in
    docs/transform/undo.md.
    """
    return 1 - np.square(batch_std(m))


def undo_error_large_batch(m: np.ndarray, kurtosis: float) -> np.ndarray:
    """Leading term of `undo_error` for inputs of any kurtosis (3 for a Gaussian).

    `(kurtosis + 3)/(4m)`; the next term is of order 1/m². Needs finite moments beyond the fourth.
    Derived in docs/transform/undo.md.
    """
    return (kurtosis + 3) / (4 * np.asarray(m, dtype=float))


def undo_error_epsilon(sigma: np.ndarray, eps: float) -> np.ndarray:
    """Mean squared error, over the variance, of γ = σ instead of sqrt(σ² + eps).

    `(1 - σ/sqrt(σ² + eps))**2`, exact for fixed statistics. Derived in docs/transform/undo.md.
    """
    return np.square(1 - sigma / np.sqrt(np.square(sigma) + eps))


def backward_spectrum(m: int, gamma: float, sigma: float, eps: float) -> np.ndarray:
    """Singular values of batch norm's Jacobian ∂y/∂x for one unit, largest first.

    With s = sqrt(sigma**2 + eps): `|gamma|/s` for m - 2 directions, `|gamma| * eps / s**3` along x̂
    and 0 along the constant vector. Exact for m >= 2 and `sigma` > 0. Derived in
    docs/transform/backward-pass.md.
    """
    s = np.sqrt(sigma**2 + eps)
    return np.abs(gamma) / s * np.array([1.0] * (m - 2) + [eps / s**2, 0.0])


def stretch_passed(sigma: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """Share of the gradient along x̂ that gets back, against the gradient across it.

    `eps / (sigma**2 + eps)`: 0 for `eps` = 0, one half at sigma = sqrt(eps). Derived in
    docs/transform/backward-pass.md.
    """
    return eps / (np.square(sigma) + eps)


def returning_norm_squared(g: np.ndarray, xhat: np.ndarray, gamma: float, sigma: float) -> float:
    """Squared length of ∂L/∂x for one unit and the gradient g = ∂L/∂y.

    `gamma**2/sigma**2 (|g|² - (1·g)²/m - (x̂·g)²/m)`, exact for `eps` = 0. Santurkar et al. 2018,
    Theorem 4.1, state such a bound; derived in docs/transform/backward-pass.md.
    """
    m = len(g)
    across = g @ g - np.square(g.sum()) / m - np.square(xhat @ g) / m
    return float(np.square(gamma / sigma) * across)


def effective_values(m: int, pixels: int, kernel: np.ndarray) -> float:
    """How many independent values determine a channel's mean equally well.

    `m * pixels * sum(kernel**2) / sum(kernel)**2`, for `m` images of independent pixels of one
    variance, convolved with `kernel` with circular padding: the variance of the mean of all
    `m * pixels` values is the variance of one of them over this. Infinite where the kernel sums to
    0. Derived in docs/transform/convolutions.md.
    """
    total = float(np.sum(kernel))
    return np.inf if total == 0 else m * pixels * float(np.square(kernel).sum()) / total**2


# placement: before or after the nonlinearity


def rectified(gamma: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, variance and share of zeros of max(0, γx̂ + β) for a standard normal x̂.

    With r = β/|γ|, Φ and φ the normal distribution and density: the mean is `|γ| (r Φ(r) + φ(r))`,
    the mean square `γ² ((1 + r²) Φ(r) + r φ(r))`, the share of zeros `Φ(-r)`. At β = 0:
    `|γ|/sqrt(2π)`, `γ² (1/2 - 1/(2π))` and one half. Exact for γ ≠ 0. Derived in
    docs/optimization/placement.md.
    """
    from scipy.stats import norm

    scale = np.abs(np.asarray(gamma, dtype=float))
    r = np.asarray(beta, dtype=float) / scale
    mean = r * norm.cdf(r) + norm.pdf(r)
    square = (1 + r**2) * norm.cdf(r) + r * norm.pdf(r)
    return scale * mean, scale**2 * (square - mean**2), norm.cdf(-r)
