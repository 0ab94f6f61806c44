"""Standardize groups of a sample's features, the first half of group normalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays
from experiments.engine.moments import standardized, through_statistics
from experiments.engine.sums import accumulator, mean_over


@dataclass(frozen=True)
class StandardizeGroups:
    """x̂ = (x − μ)/√(σ² + ε), with μ and biased σ² of every group of a sample's features.

    A group is neighbouring features, or neighbouring channels of an image with all their pixels.
    Follow it with `Affine` for group norm, or for instance norm with as many groups as channels.

    Parameters
    ----------
    groups : int
        Number of groups.
    eps : float
        ε.

    Notes
    -----
    There is no state, and training makes no difference. `saved` has x, xhat, and
    (run, sample, group) mean, var (biased) and inv_std = 1/√(var + ε). Offsets, constant groups and
    float16 are treated as by `Standardize`.

    Sources: Wu & He 2018; Ulyanov et al. 2016 for instance norm.

    Raises
    ------
    ValueError
        If there is no group or, in `init`, if the groups do not divide the features.
    """

    groups: int
    eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.groups < 1:
            raise ValueError(f"groups={self.groups}: it must be at least 1")

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """No parameters, no state."""
        if features % self.groups:
            raise ValueError(f"{features} features cannot be divided into {self.groups} groups")
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
        """x̂ = (x − μ)/√(σ² + ε)."""
        checked(x)
        rows = self._rows(x)
        saved = standardized(rows, rows[:, :, :1], _mean, self.eps, buffers or Buffers())
        for name in ("mean", "var", "inv_std"):
            saved[name] = saved[name].reshape(*x.shape[:2], -1)
        saved["xhat"] = saved["xhat"].reshape(x.shape).astype(x.dtype, copy=False)
        return saved["xhat"], saved | {"x": x}, state

    @np.errstate(invalid="ignore", over="ignore")
    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = (g − mean(g) − x̂ mean(g x̂))/√(σ² + ε), with g = ∂L/∂x̂ and means of a group."""
        checked_gradient(dy, saved["x"])
        dx = (buffers or Buffers()).array("dx", dy.shape, accumulator(dy.dtype))
        g, xhat, rows = self._rows(dy), self._rows(saved["xhat"]), self._rows(dx)
        inv_std = saved["inv_std"].reshape(*rows.shape[:2], 1)
        through_statistics(g, xhat, inv_std, _mean, rows)
        return dx.astype(dy.dtype, copy=False), {}

    def _rows(self, a: np.ndarray) -> np.ndarray:
        """A view with a row for every group: (run, sample × group, feature or pixel of it)."""
        return a.reshape(a.shape[0], a.shape[1] * self.groups, -1)


_mean = partial(mean_over, 2)
