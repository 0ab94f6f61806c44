"""Divide by the root mean square of the features, and subtract nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays
from experiments.engine.sums import accumulator, mean_over


@dataclass(frozen=True)
class RootMeanSquare:
    """x̂ = x/√(mean(x²) + ε), with the mean over the features of a sample, and their pixels.

    Follow it with `Affine` for RMSNorm, which has γ and usually no β. There is no state, and
    training makes no difference.

    Source: Zhang & Sennrich 2019.
    """

    eps: float = 1e-5

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """No parameters, no state."""
        return {}, {}, features

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """x̂ = x/√(mean(x²) + ε)."""
        checked(x)
        rows = x.reshape(*x.shape[:2], -1)
        xhat = (buffers or Buffers()).array("xhat", rows.shape, accumulator(x.dtype))
        np.multiply(rows, rows, out=xhat, dtype=xhat.dtype)
        inverse = 1 / np.sqrt(mean_over(2, xhat) + self.eps)
        np.multiply(rows, inverse, out=xhat)
        y = xhat.reshape(x.shape).astype(x.dtype, copy=False)
        return y, {"x": x, "xhat": y, "inverse": inverse}, state

    @np.errstate(invalid="ignore", over="ignore")
    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = (g − x̂ mean(g x̂))/√(mean(x²) + ε), with g = ∂L/∂x̂.

        The part of g along x̂ is lost, that along 1 is not.
        """
        checked_gradient(dy, saved["x"])
        rows = saved["xhat"].reshape(*dy.shape[:2], -1)
        g = dy.reshape(rows.shape)
        dx = (buffers or Buffers()).array("dx", rows.shape, accumulator(dy.dtype))
        np.multiply(g, rows, out=dx, dtype=dx.dtype)
        along = mean_over(2, dx)
        np.multiply(rows, along, out=dx)
        np.subtract(g, dx, out=dx)
        dx *= saved["inverse"]
        return dx.reshape(dy.shape).astype(dy.dtype, copy=False), {}
