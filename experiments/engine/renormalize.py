"""Batch statistics corrected by the running ones, the first half of batch renormalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked_gradient
from experiments.engine.layer import Arrays
from experiments.engine.standardize import PYTORCH, Convention, Standardize
from experiments.engine.sums import beside


@dataclass(frozen=True)
class Renormalize:
    """y = r x̂ + d in training, with x̂ = (x − μ_B)/σ_B; y = (x − μ)/σ in evaluation.

    μ_B and σ_B² are the statistics of the batch, μ and σ² the running ones.

    r = σ_B/σ, kept within [1/r_max, r_max], and d = (μ_B − μ)/σ, kept within [−d_max, d_max]. Where
    neither is cut off, y is (x − μ)/σ in training too. Both are taken for constants in the backward
    pass. With r_max = 1 and d_max = 0 it is batch norm.

    Follow it with `Affine`. State as `Standardize`. σ² is a running variance and σ_B² has ε added
    to it, as σ² has; the paper averages the deviation, and raises r_max and d_max in the course of
    training.

    Source: Ioffe 2017, Algorithm 1.

    Raises
    ------
    ValueError
        If r_max is below one or d_max below zero.
    """

    r_max: float
    d_max: float
    convention: Convention = PYTORCH

    def __post_init__(self) -> None:
        if self.r_max < 1 or self.d_max < 0:
            raise ValueError(f"r_max={self.r_max}, d_max={self.d_max}: at least 1, and at least 0")

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """As `Standardize`."""
        return self._batch.init(rngs, features, dtype)

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """r x̂ + d in training, with the running statistics before this batch."""
        buffers = buffers or Buffers()
        xhat, saved, next_state = self._batch.forward(params, state, x, training, buffers)
        if not training:
            return xhat, {"x": x, "batch": saved, "r": None}, next_state
        inverse = 1 / np.sqrt(state["running_var"] + self.convention.eps)
        r = np.clip(inverse / saved["inv_std"], 1 / self.r_max, self.r_max).astype(x.dtype)
        d = np.clip((saved["mean"] - state["running_mean"]) * inverse, -self.d_max, self.d_max)
        y = buffers.array("y", (r.shape[0], *xhat.shape[1:]), x.dtype)
        np.multiply(xhat, beside(r, x), out=y)
        y += beside(d.astype(x.dtype), x)
        return y, {"x": x, "batch": saved, "r": r}, next_state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """That of batch norm for r ∂L/∂y: no gradient passes through r and d."""
        checked_gradient(dy, saved["x"])
        g = dy if saved["r"] is None else dy * beside(saved["r"], dy)
        return self._batch.backward(params, saved["batch"], g, buffers)

    @property
    def _batch(self) -> Standardize:
        return Standardize(self.convention)
