"""Functions applied to every number by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays


@dataclass(frozen=True)
class Sigmoid:
    """y = 1/(1 + exp(−x))."""

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """No parameters, no state."""
        return {}, {}, features

    @np.errstate(over="ignore")  # exp(−x) = inf far on the left gives y = 0, as it should
    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """y = 1/(1 + exp(−x)), to the last digits on the left too, where y is small."""
        checked(x)
        y = (buffers or Buffers()).array("y", x.shape, x.dtype)
        np.negative(x, out=y)
        np.exp(y, out=y)
        y += 1
        np.divide(1, y, out=y)
        return y, {"x": x, "y": y}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = y (1 − y) ∂L/∂y."""
        checked_gradient(dy, saved["x"])
        dx = (buffers or Buffers()).array("dx", dy.shape, dy.dtype)
        np.subtract(1, saved["y"], out=dx)
        dx *= saved["y"]
        dx *= dy
        return dx, {}


@dataclass(frozen=True)
class Tanh:
    """y = tanh(x)."""

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
        """y = tanh(x)."""
        checked(x)
        y = (buffers or Buffers()).array("y", x.shape, x.dtype)
        np.tanh(x, out=y)
        return y, {"x": x, "y": y}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = (1 − y²) ∂L/∂y."""
        checked_gradient(dy, saved["x"])
        dx = (buffers or Buffers()).array("dx", dy.shape, dy.dtype)
        np.multiply(saved["y"], saved["y"], out=dx)
        np.subtract(1, dx, out=dx)
        dx *= dy
        return dx, {}


@dataclass(frozen=True)
class ReLU:
    """y = max(x, 0)."""

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
        """y = max(x, 0)."""
        checked(x)
        y = (buffers or Buffers()).array("y", x.shape, x.dtype)
        np.maximum(x, 0, out=y)
        return y, {"x": x, "y": y}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = ∂L/∂y where x > 0, else 0 (at x = 0 too)."""
        checked_gradient(dy, saved["x"])
        dx = (buffers or Buffers()).array("dx", dy.shape, dy.dtype)
        np.sign(saved["y"], out=dx)
        dx *= dy
        return dx, {}
