"""Closed forms of depth: what many untrained layers do to activations and gradients."""

from __future__ import annotations

import numpy as np


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
