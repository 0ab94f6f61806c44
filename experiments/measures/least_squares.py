"""Gradient descent on least squares, exact from the covariance of the inputs alone.

Inputs x are uncorrelated, with covariance H = diag(`variances`), and targets are y = u·x. The last
axis of every array of vectors is the input's.
"""

from __future__ import annotations

import numpy as np

from experiments.runs import Runs, normal


def task(condition: float, features: int, runs: Runs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variances of the inputs, solutions u with Var(u·x) = 1, and starts of length 1, by run."""
    u, start = (normal(runs.streams(under=(i,)), features) for i in range(2))
    variances = np.geomspace(1.0, 1.0 / condition, features)
    u /= np.sqrt((variances * u**2).sum(axis=1, keepdims=True))
    return variances, u, start / np.linalg.norm(start, axis=1, keepdims=True)


def plain_step(
    w: np.ndarray, rate: np.ndarray, variances: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Loss and next w of y ≈ w·x: the loss is ½ (w − u)ᵀH(w − u), its gradient H(w − u)."""
    off = w - u
    slope = variances * off
    return 0.5 * (off * slope).sum(axis=-1), w - rate[..., None] * slope


def normalized_step(
    w: np.ndarray,
    gamma: np.ndarray,
    rate: np.ndarray,
    scale_rate: np.ndarray,
    variances: np.ndarray,
    u: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loss, next w and next γ of y ≈ γ (w·x)/std(w·x), batch norm in front of the output at ε = 0.

    The loss is ½ (γ² − 2γ wᵀHu/s + 1) with s² = wᵀHw, for uᵀHu = 1. Cai et al. 2019.
    """
    target, own = variances * u, variances * w
    squared = (w * own).sum(axis=-1)
    s, along = np.sqrt(squared), (w * target).sum(axis=-1)
    loss = 0.5 * (gamma**2 - 2 * gamma * along / s + 1)
    slope = -(gamma / s)[..., None] * (target - (along / squared)[..., None] * own)
    return loss, w - rate[..., None] * slope, gamma - scale_rate * (gamma - along / s)


def normalized_sharpness(variances: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Largest eigenvalue of H − gg⊤ with g = Hu, for every u: (run, input) → (run,).

    Near a solution w = c u of `normalized_step`, descent on w goes as with the rate over c² on a
    quadratic with this Hessian, so it is stable for rates below 2c² over its largest eigenvalue.
    Derived in docs/optimization/learning-rates.md.
    """
    g = variances * u
    hessians = np.diag(variances) - g[:, :, None] * g[:, None, :]
    return np.linalg.eigvalsh(hessians)[:, -1]
