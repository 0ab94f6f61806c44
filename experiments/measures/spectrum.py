"""In how many directions activations spread: eigenvalues of their second moments."""

from __future__ import annotations

import numpy as np


def eigenvalue_shares(activations: np.ndarray) -> np.ndarray:
    """Eigenvalues of the second-moment matrix Σ_i h_i h_iᵀ over their sum, in falling order.

    The Gram matrices of samples and of features differ in zero eigenvalues only; the smaller matrix
    is used.

    Parameters
    ----------
    activations : ndarray, shape (..., sample, feature)
        Not centred here: what is constant over the samples counts as a direction.

    Returns
    -------
    ndarray, shape (..., min(sample, feature))
    """
    gram = _gram(activations)
    values = np.maximum(np.linalg.eigvalsh(gram)[..., ::-1], 0)  # round-off may leave −1e-17
    return values / values.sum(axis=-1, keepdims=True)


def effective_rank(activations: np.ndarray) -> np.ndarray:
    """(Σλ)²/Σλ² over the eigenvalues λ of the second-moment matrix.

    k equal eigenvalues, the others zero, give k; in general between 1 and min(sample, feature).
    Computed as tr(M)²/‖M‖² without eigenvalues. Multiplying all activations by a number changes
    nothing.

    Parameters
    ----------
    activations : ndarray, shape (..., sample, feature)
        Not centred here.

    Returns
    -------
    ndarray, shape (...)
    """
    gram = _gram(activations)
    return np.trace(gram, axis1=-2, axis2=-1) ** 2 / np.square(gram).sum(axis=(-2, -1))


def _gram(activations: np.ndarray) -> np.ndarray:
    h = np.asarray(activations, dtype=np.float64)
    if h.shape[-2] > h.shape[-1]:
        h = h.swapaxes(-1, -2)
    return h @ h.swapaxes(-1, -2)
