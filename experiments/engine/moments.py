"""What every standardization computes, whatever its mean and variance are taken over."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.sums import accumulator


def standardized(
    x: np.ndarray,
    first: np.ndarray,
    mean_of: Callable[[np.ndarray], np.ndarray],
    eps: float,
    buffers: Buffers,
) -> dict[str, np.ndarray]:
    """x̂ = (x − μ)/√(σ² + ε) as "xhat", with "mean" μ, "var" σ² and "inv_std" 1/√(σ² + ε).

    The statistics are those of x minus its first value, so a large common offset costs no digits,
    and the variance is that of the centred numbers. Float16 is computed and returned in float32.

    Parameters
    ----------
    x : array
    first : array
        One value of x for every mean. It broadcasts to x.
    mean_of : callable
        Array shaped as x → its mean over what μ and σ² are taken over, which broadcasts to x.
    eps : float
        ε.
    buffers : Buffers
        Memory for x̂.
    """
    dtype = accumulator(x.dtype)
    xhat = buffers.array("xhat", x.shape, dtype)
    np.subtract(x, first, out=xhat, dtype=dtype)
    mean = mean_of(xhat)
    xhat -= mean
    mean += first
    var = mean_of(np.multiply(xhat, xhat, out=buffers.array("square", x.shape, dtype)))
    inv_std = 1 / np.sqrt(var + eps)
    xhat *= inv_std
    return {"xhat": xhat, "mean": mean, "var": var, "inv_std": inv_std}


def through_statistics(
    g: np.ndarray,
    xhat: np.ndarray,
    inv_std: np.ndarray,
    mean_of: Callable[[np.ndarray], np.ndarray],
    dx: np.ndarray,
) -> None:
    """∂L/∂x = (g − mean(g) − x̂ mean(g x̂))/√(σ² + ε), with g = ∂L/∂x̂, written to dx.

    `mean_of` is that of `standardized`.
    """
    np.multiply(g, xhat, out=dx, dtype=dx.dtype)
    along = mean_of(dx)
    np.multiply(xhat, along, out=dx)
    np.subtract(g, dx, out=dx)
    dx -= mean_of(g)
    dx *= inv_std
