"""Closed forms of covariate shift: how far a distribution moves when parameters do."""

from __future__ import annotations

import numpy as np


def affine_shift(
    gamma: tuple[np.ndarray, np.ndarray],
    beta: tuple[np.ndarray, np.ndarray],
    var: tuple[np.ndarray, np.ndarray],
    eps: float,
) -> tuple[np.ndarray, np.ndarray]:
    """How far mean and standard deviation of y = γ x̂ + β move.

    `|Δβ|` and `|Δ(|γ| √(σ² / (σ² + ε)))|`: x̂ is standardized with the statistics of the samples
    themselves, so its mean is 0 and its standard deviation σ/√(σ² + ε), whatever the layers below
    do. Derived in docs/shift/do-gamma-and-beta-settle.md.

    Parameters
    ----------
    gamma, beta : pair of ndarray
        Before and after.
    var : pair of ndarray
        σ², the biased variance in front of the normalization, before and after.
    eps : float
        ε.
    """
    before, after = (np.abs(g) * np.sqrt(v / (v + eps)) for g, v in zip(gamma, var, strict=True))
    return np.abs(beta[1] - beta[0]), np.abs(after - before)
