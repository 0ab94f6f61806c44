"""One unit with batch norm, taken by itself: the engine's own passes for a single batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.engine.affine import Affine
from experiments.engine.standardize import PYTORCH, Standardize


def passes(
    x: np.ndarray, g: np.ndarray, eps: float, gamma: float = 1.0, beta: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x̂ and y = γ x̂ + β of one unit's batch, and ∂L/∂x for many gradients at once.

    Parameters
    ----------
    x : ndarray, shape (sample,)
    g : ndarray, shape (sample, gradient)
        ∂L/∂y, a column for every gradient.
    eps, gamma, beta : float

    Returns
    -------
    xhat, y : ndarray, shape (sample,)
    dx : ndarray, shape (sample, gradient)
    """
    standardize, affine = Standardize(replace(PYTORCH, eps=eps)), Affine()
    shape = (1, g.shape[1])
    params = {"gamma": np.full(shape, gamma), "beta": np.full(shape, beta)}
    _, state, _ = standardize.init([None], g.shape[1], x.dtype)
    columns = np.repeat(x[:, None], g.shape[1], axis=1)[None]
    xhat, saved, _ = standardize.forward({}, state, columns, training=True)
    y, saved_affine, _ = affine.forward(params, {}, xhat, training=True)
    dxhat, _ = affine.backward(params, saved_affine, g[None])
    dx, _ = standardize.backward({}, saved, dxhat)
    return xhat[0, :, 0], y[0, :, 0], dx[0]
