"""Closed forms of optimization: the size of the weights, effective rates, quadratic losses."""

from __future__ import annotations

import numpy as np


def radial_gradient(
    gamma: np.ndarray, gamma_gradient: np.ndarray, variance: np.ndarray, eps: float
) -> np.ndarray:
    """A unit's w·∂L/∂w in front of a batch norm, `gamma * dL/dgamma * eps / (variance + eps)`.

    `variance` is the unit's biased batch variance. Exact for any weights, data and loss, without a
    bias in front or with one; 0 without ε. Derived in docs/optimization/size-of-weights.md.
    """
    return gamma * gamma_gradient * eps / (variance + eps)


def equilibrium_angle(rate: float, decay: float) -> float:
    """Root mean square angle, in radians, of an SGD step of scale-invariant weights in equilibrium.

    `sqrt(2 * rate * decay)`, the leading term for small `rate * decay`, with plain SGD (no
    momentum) and decay as part of the gradient. With a gradient of constant size it is exactly
    `arccos(1 - rate * decay)`, a relative `rate * decay / 12` more. Wan et al. 2021; derived in
    docs/optimization/effective-learning-rate.md.
    """
    return float(np.sqrt(2.0 * rate * decay))


def equilibrium_fourth_power(
    rate: float, decay: float, unit_gradient: np.ndarray, scatter: np.ndarray | None = None
) -> np.ndarray:
    """Mean of ‖w‖⁴ in equilibrium, for a small product of rate and decay.

    `rate / (2 * decay) * unit_gradient`, where `unit_gradient` is the mean of ‖w‖²‖∇L(w)‖², the
    squared gradient at weights of length 1. With its relative variance `scatter`, the next order is
    included too, a factor of `1 + rate * decay * (1 / 2 + scatter)`, for gradients whose size does
    not depend on those before. Van Laarhoven 2017 and Wan et al. 2021; derived, as is the next
    order, in docs/optimization/effective-learning-rate.md.
    """
    leading = rate / (2.0 * decay) * np.asarray(unit_gradient)
    if scatter is None:
        return leading
    return leading * (1.0 + rate * decay * (0.5 + np.asarray(scatter)))


def squared_lengths(
    start: float, steps: int, rate: float, decay: float, unit_gradient: float
) -> np.ndarray:
    """Squared lengths of scale-invariant weights at steps 0 to `steps` of SGD.

    If every gradient had the mean size: the recurrence
    `u ← (1 - rate * decay)**2 * u + rate**2 * unit_gradient / u` from `u = start**2`; exact for a
    gradient of constant size at weights of length 1. Derived in
    docs/optimization/effective-learning-rate.md.
    """
    squared = np.empty(steps + 1)
    squared[0] = start**2
    shrink, growth = (1 - rate * decay) ** 2, rate**2 * unit_gradient
    for step in range(steps):
        squared[step + 1] = shrink * squared[step] + growth / squared[step]
    return squared


def descent_factor(rate: np.ndarray, eigenvalues: np.ndarray) -> np.ndarray:
    """Factor a step of gradient descent applies, in the end, to the distance from a minimum.

    `max |1 - rate * eigenvalue|` over the eigenvalues of a quadratic's Hessian, for starts with a
    part along each eigenvector; below 1, that is stable, for `0 < rate < 2 / max(eigenvalues)`.
    Textbook; derived in docs/optimization/learning-rates.md.
    """
    return np.abs(1.0 - np.asarray(rate)[..., None] * np.asarray(eigenvalues)).max(axis=-1)


# bowl: the loss over γ and β

BOWL_MINIMUM = (1.5, 0.8)  # (γ*, β*) of the bowl in the demo


def bowl_path(start: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """Gradient descent on (γ − γ*)² + (β − β*)² from `start` (2,): (step, 2), the start included.

    `(γ*, β*) + (1 − 2 rate)^step (start − (γ*, β*))`, with the demo's minimum. Derived in
    docs/optimization/bowl.md.
    """
    factor = (1 - 2 * rate) ** np.arange(steps + 1.0)
    return BOWL_MINIMUM + factor[:, None] * np.subtract(start, BOWL_MINIMUM)


def affine_condition(mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Condition number of the squared error's Hessian over a scale and an offset of an input.

    For an input x of this mean and std, the Hessian of the mean of (γx + β − t)² is twice
    `[[mean² + std², mean], [mean, 1]]` for any t; with `T = mean² + std² + 1` its eigenvalues are
    `T ± sqrt(T² − 4 std²)`. 1 only at mean 0 and std 1, where batch norm (at ε = 0) puts every
    batch. Derived in docs/optimization/bowl.md.
    """
    mean, std = np.asarray(mean, dtype=float), np.asarray(std, dtype=float)
    # (T/2 − std)(T/2 + std) without cancellation at mean 0, std 1
    split = np.sqrt((mean**2 + (std - 1) ** 2) * (mean**2 + (std + 1) ** 2))
    largest = (mean**2 + std**2 + 1 + split) / 2
    return np.square(largest / std)
