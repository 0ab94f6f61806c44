"""Layers, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.layer import Arrays, Layer


@dataclass(frozen=True)
class Network:
    """Layers, one after the other, for many independent runs at once.

    `params`, `state`, `saved` and gradients are lists with one entry a layer: a dictionary, or
    again a list for a layer that is made of layers, such as `Residual`.
    """

    layers: tuple[Layer, ...]

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype = np.float64
    ) -> tuple[list[Arrays], list[Arrays]]:
        """Return parameters and state.

        Parameters
        ----------
        rngs : sequence of Generator
            One a run. The layers draw from it in order, and only `Dense` and `Convolution` draw: a
            layer of another kind put in between changes no weight.
        features : int
            Number of features of the data.
        dtype : dtype
            float16, float32 or float64, of what passes between layers and of the parameters. What
            float16 layers sum and keep statistics in is float32
            (`experiments.engine.sums.accumulator`).
        """
        params, state = [], []
        for layer in self.layers:
            layer_params, layer_state, features = layer.init(rngs, features, np.dtype(dtype))
            params.append(layer_params)
            state.append(layer_state)
        return params, state

    @np.errstate(
        invalid="ignore", over="ignore", divide="ignore"
    )  # a run may diverge: inf and nan are its result
    def forward(
        self,
        params: list[Arrays],
        state: list[Arrays],
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, list[dict[str, Any]], list[Arrays]]:
        """Return the output, what the layers saved, and the next state.

        Parameters
        ----------
        x : array (run, sample, feature), or (1, sample, feature) if it is the same for all runs
            The data, in the dtype of the parameters.
        training : bool
            Whether `Standardize` takes the statistics of this batch, or the running ones.
        buffers : Buffers, optional
            Memory for the results. The next pass with the same buffers overwrites them.
        """
        buffers, saved, next_state = buffers or Buffers(), [], []
        for i, (layer, layer_params, layer_state) in enumerate(
            zip(self.layers, params, state, strict=True)
        ):
            x, kept, layer_state = layer.forward(
                layer_params, layer_state, x, training, buffers.part(i)
            )
            saved.append(kept)
            next_state.append(layer_state)
        return x, saved, next_state

    @np.errstate(invalid="ignore", over="ignore", divide="ignore")
    def backward(
        self,
        params: list[Arrays],
        saved: list[dict[str, Any]],
        dy: np.ndarray,
        buffers: Buffers | None = None,
        input_gradient: bool = True,
    ) -> tuple[np.ndarray | None, list[Arrays]]:
        """Return ∂L/∂x and ∂L/∂params, given ∂L/∂y.

        With input_gradient=False a first layer that is `Dense` or `Convolution` leaves out ∂L/∂x
        (then None), a fifth of a training step.
        """
        buffers, grads = buffers or Buffers(), []
        for i, layer in reversed(list(enumerate(self.layers))):
            if i == 0 and not input_gradient and isinstance(layer, (Convolution, Dense)):
                dy, layer_grads = None, layer.gradients(saved[i], dy, buffers.part(i))
            else:
                dy, layer_grads = layer.backward(params[i], saved[i], dy, buffers.part(i))
            grads.append(layer_grads)
        return dy, grads[::-1]
