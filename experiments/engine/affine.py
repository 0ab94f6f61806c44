"""Scale and shift, the second half of batch normalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays
from experiments.engine.sums import beside, sum_per_channel


@dataclass(frozen=True)
class Affine:
    """y = γ x + β, feature by feature, or channel by channel for images.

    Parameters: gamma (run, feature), which starts at one, and beta (run, feature), which starts at
    zero. Images are (run, sample, channel, height, width), and all pixels of a channel share its γ
    and β.

    Source: Ioffe & Szegedy 2015, Algorithm 1, last line.
    """

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """Start as the identity; draws no random numbers."""
        shape = (len(rngs), features)
        return {"gamma": np.ones(shape, dtype), "beta": np.zeros(shape, dtype)}, {}, features

    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """y = γ x + β."""
        checked(x, params, {"gamma": x.shape[2:3], "beta": x.shape[2:3]})
        gamma, beta = beside(params["gamma"], x), beside(params["beta"], x)
        y = (buffers or Buffers()).array("y", (gamma.shape[0], *x.shape[1:]), x.dtype)
        np.multiply(x, gamma, out=y)
        y += beta
        return y, {"x": x}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = γ ∂L/∂y, ∂L/∂γ = Σ x ∂L/∂y, ∂L/∂β = Σ ∂L/∂y, over samples and pixels."""
        checked_gradient(dy, saved["x"])
        buffers, gamma = buffers or Buffers(), params["gamma"]
        dx = buffers.array("dx", dy.shape, dy.dtype)
        np.multiply(dy, saved["x"], out=dx)
        shape = (gamma.shape[0], 1, gamma.shape[1])
        dgamma = sum_per_channel(dx, buffers.array("dgamma", shape, dy.dtype))
        dbeta = sum_per_channel(dy, buffers.array("dbeta", shape, dy.dtype))
        np.multiply(dy, beside(gamma, dy), out=dx)
        return dx, {"gamma": dgamma[:, 0], "beta": dbeta[:, 0]}
