"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.initialization import lecun_normal
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays
from experiments.engine.sums import accumulator, sum_over


@dataclass(frozen=True)
class Dense:
    """y = x W + b.

    Parameters
    ----------
    features : int
        Number of features that come out.
    bias : bool
        Whether there is a b. In front of a `Standardize` it would be subtracted again.
    weights : callable
        (rng, fan_in, fan_out) → (fan_in, fan_out) weights in float64; see
        `experiments.engine.initialization`. Biases start at zero.

    Notes
    -----
    Parameters: weight (run, fan_in, features), bias (run, features). Only this layer and
    `Convolution` draw random numbers, so a network with and without normalization starts from the
    same weights. They are drawn in float64 and then rounded, so float32 and float64 start alike
    too.

    With float16 a product x W is accumulated in float32 and rounded once; then b is added, in
    float16.
    """

    features: int
    bias: bool = True
    weights: Callable[[np.random.Generator, int, int], np.ndarray] = lecun_normal

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """Draw the weights of each run from its own generator."""
        params = {
            "weight": np.stack([self.weights(rng, features, self.features) for rng in rngs]).astype(
                dtype
            )
        }
        if self.bias:
            params["bias"] = np.zeros((len(rngs), self.features), dtype)
        return params, {}, self.features

    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """y = x W + b; x may also be (1, sample, feature), the same for all runs."""
        shapes = {"weight": (*x.shape[2:], self.features)}
        if self.bias:
            shapes["bias"] = (self.features,)
        checked(x, params, shapes, axes=(3,))
        weight = params["weight"]
        y = (buffers or Buffers()).array(
            "y", (weight.shape[0], x.shape[1], self.features), weight.dtype
        )
        _product(x, weight, y)
        if self.bias:
            y += params["bias"][:, None, :]
        return y, {"x": x}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = ∂L/∂y Wᵀ, and `gradients`."""
        checked_gradient(dy, saved["x"], keeps_shape=False)
        weight = params["weight"]
        dx = (buffers or Buffers()).array("dx", (*dy.shape[:2], weight.shape[1]), dy.dtype)
        _product(dy, weight.swapaxes(1, 2), dx)
        return dx, self.gradients(saved, dy, buffers)

    def gradients(
        self, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> Arrays:
        """∂L/∂W = xᵀ ∂L/∂y and ∂L/∂b = Σ_samples ∂L/∂y.

        Skips ∂L/∂x, which the first layer does not need.
        """
        checked_gradient(dy, saved["x"], keeps_shape=False)
        buffers, x = buffers or Buffers(), saved["x"]
        dweight = buffers.array("dweight", (dy.shape[0], x.shape[2], self.features), dy.dtype)
        grads = {"weight": _product(x.swapaxes(1, 2), dy, dweight)}
        if self.bias:
            dbias = buffers.array("dbias", (dy.shape[0], 1, self.features), dy.dtype)
            grads["bias"] = sum_over(1, dy, dbias)[:, 0]
        return grads


def _product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
    return np.matmul(a, b, out=out, dtype=accumulator(out.dtype), casting="same_kind")
