"""How a sigmoid is driven: how much of it is saturated, and how much gradient gets through.

The sigmoid's input is y = γ x̂ + β, with x̂ standardized, as batch norm makes it. The measured
numbers are averages over the samples and units of a layer; beside each stands its value for a
standard normal x̂.
"""

from __future__ import annotations

import numpy as np

# A sigmoid this close to 0 or 1 counts as saturated: its slope is below a fifth of the largest.
SATURATED = 0.05
THRESHOLD = np.log(1 / SATURATED - 1)  # the same for the input: saturated where |y| > 2.94


def saturated_share(y: np.ndarray) -> np.ndarray:
    """Share of inputs with |y| > ln 19: the sigmoid is below 0.05 or above 0.95.

    (run, sample, feature) → (run,).
    """
    return (np.abs(y) > THRESHOLD).mean(axis=(1, 2))


def saturated_share_tanh(y: np.ndarray) -> np.ndarray:
    """The same for tanh, beyond ±0.9: tanh(y) = 2σ(2y) − 1 is saturated where σ(2y) is."""
    return saturated_share(2 * y)


def gain(y: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    """Root mean square of ∂σ(γx̂ + β)/∂x̂ = γ σ′(y) over samples and units.

    (run, sample, feature) → (run,), with `gamma` of shape (run, feature). The factor by which the
    sigmoid and the scaling together change the length of a gradient that is unrelated to them.
    """
    return np.sqrt(np.square(gamma[:, None, :] * slope(y)).mean(axis=(1, 2)))


def slope(y: np.ndarray) -> np.ndarray:
    """The derivative of the sigmoid, σ′(y) = σ(y)(1 − σ(y)) = 1/(4 cosh²(y/2)), at most 1/4."""
    with np.errstate(over="ignore"):  # cosh of a large input is inf, its inverse 0
        return 0.25 / np.square(np.cosh(y / 2))


def saturated_share_gaussian(gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """`saturated_share` for x̂ ~ N(0, 1).

    Φ((−c − β)/γ) + Φ((−c + β)/γ) with c = ln 19, for γ > 0.
    """
    from scipy.stats import norm

    return norm.cdf((-THRESHOLD - beta) / gamma) + norm.cdf((-THRESHOLD + beta) / gamma)


def gain_gaussian(gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """`gain` for x̂ ~ N(0, 1): γ √(E σ′(γx̂ + β)²), by the trapezoidal rule.

    Two limits: γ σ′(β) for small γ; for large γ, where only the samples with |γx̂ + β| of order 1
    have any slope, √(γ/(6 √(2π))) since ∫σ′(u)² du = 1/6. So it *grows* with γ.
    """
    gamma, beta = np.broadcast_arrays(np.asarray(gamma, dtype=float), np.asarray(beta, dtype=float))
    z = np.linspace(-10.0, 10.0, 20_001)  # exact to 1e-10 up to gamma = 100
    density = np.exp(-np.square(z) / 2) / np.sqrt(2 * np.pi)
    square = [
        np.trapezoid(np.square(slope(g * z + b)) * density, z)
        for g, b in zip(gamma.ravel(), beta.ravel(), strict=True)
    ]
    return gamma * np.sqrt(np.reshape(square, gamma.shape))
