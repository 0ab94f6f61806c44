"""From images to one number a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.sums import mean_over


@dataclass(frozen=True)
class AveragePool:
    """y = mean of x over all pixels: (run, sample, channel, height, width) → (run, sample, channel).

    Source: Lin et al. 2013, "global average pooling".
    """

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """No parameters, no state."""
        return {}, {}, features

    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """The mean over height and width."""
        y = (buffers or Buffers()).array("y", (x.shape[0], x.shape[1] * x.shape[2], 1), x.dtype)
        mean_over(2, x.reshape(*y.shape[:2], -1), y)
        return y.reshape(x.shape[:3]), {"x": x}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = ∂L/∂y / (h w), the same at every pixel."""
        x = saved["x"]
        dx = (buffers or Buffers()).array("dx", (*dy.shape, *x.shape[3:]), dy.dtype)
        np.divide(dy[..., None, None], x.shape[3] * x.shape[4], out=dx)
        return dx, {}
