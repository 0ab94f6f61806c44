"""In how many directions activations spread: eigenvalues of their second moments."""

from __future__ import annotations

import numpy as np


def eigenvalue_shares(activations: np.ndarray) -> np.ndarray:
    """Eigenvalues of the second-moment matrix Σ_i h_i h_iᵀ, as shares of their sum, in falling order.

    Those of the Gram matrix of samples and of features are the same but for zeros; the smaller matrix is taken.

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
    """(Σλ)²/Σλ² over the eigenvalues λ of the second-moment matrix: k equal ones and otherwise zeros give k.

    Between 1 and min(sample, feature); computed as tr(M)²/‖M‖² without eigenvalues. Multiplying all activations by a number changes
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
