"""Layers with a way around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays, Layer
from experiments.engine.network import Network


@dataclass(frozen=True)
class Residual:
    """y = x + F(x), where F is `layers`, one after the other.

    x is on the skip path, F(x) on the residual branch.

    Parameters, state and gradients are lists with one entry a layer of the branch. `saved` has x
    and, under "layers", what the layers saved.

    Source: He et al. 2016.

    Raises
    ------
    ValueError
        In `init`, if the branch does not give as many features as it takes.
    """

    layers: tuple[Layer, ...]

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[list[Arrays], list[Arrays], int]:
        """Initialize the layers of the branch in order; there is nothing else."""
        params, state, out = [], [], features
        for layer in self.layers:
            layer_params, layer_state, out = layer.init(rngs, out, dtype)
            params.append(layer_params)
            state.append(layer_state)
        if out != features:
            raise ValueError(
                f"the branch takes {features} features and gives {out}; "
                "x + F(x) needs as many as it takes"
            )
        return params, state, features

    def forward(
        self,
        params: list[Arrays],
        state: list[Arrays],
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], list[Arrays]]:
        """y = x + F(x)."""
        buffers = buffers or Buffers()
        branch, saved, state = Network(self.layers).forward(params, state, x, training, buffers)
        y = buffers.array(
            "y", branch.shape, branch.dtype
        )  # not in place: a layer may have saved its output
        np.add(x, branch, out=y)
        return y, {"x": x, "layers": saved}, state

    def backward(
        self,
        params: list[Arrays],
        saved: dict[str, Any],
        dy: np.ndarray,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, list[Arrays]]:
        """∂L/∂x = ∂L/∂y + (∂F/∂x)ᵀ ∂L/∂y: one term a path."""
        buffers = buffers or Buffers()
        through, grads = Network(self.layers).backward(params, saved["layers"], dy, buffers)
        dx = buffers.array("dx", dy.shape, dy.dtype)
        np.add(dy, through, out=dx)
        return dx, grads
