"""What becomes of a gradient on its way down through a network."""

from __future__ import annotations

import numpy as np

from experiments.engine.train import Model


def squared_gradients(model: Model, saved: list, dy: np.ndarray) -> np.ndarray:
    """‖∂L/∂x_l‖² of what enters each layer and of what leaves the last, (layer + 1, run).

    Parameters
    ----------
    model : Model
    saved : list
        What its layers saved in the forward pass.
    dy : ndarray, shape (run, sample, ...)
        ∂L/∂y of what leaves the last layer.
    """
    squares = [_square(dy)]
    layers = zip(model.network.layers, model.params, saved, strict=True)
    for layer, params, kept in reversed(list(layers)):
        dy, _ = layer.backward(params, kept, dy)
        squares.append(_square(dy))
    return np.array(squares[::-1])


def _square(a: np.ndarray) -> np.ndarray:
    return np.square(a, dtype=np.float64).reshape(len(a), -1).sum(axis=1)
