"""Standardize the features of a sample, the first half of layer normalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.standardize_groups import StandardizeGroups


@dataclass(frozen=True)
class StandardizeFeatures:
    """x̂ = (x − μ)/√(σ² + ε), with mean μ and biased variance σ² over all features of a sample.

    Follow it with `Affine` for layer norm. It is `StandardizeGroups` with one group, and saves the
    same. Of images it takes all channels with all their pixels.

    Source: Ba et al. 2016.

    Parameters
    ----------
    eps : float
        ε.
    """

    eps: float = 1e-5

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
        """As of one group."""
        return self._one_group.forward(params, state, x, training, buffers)

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """As of one group."""
        return self._one_group.backward(params, saved, dy, buffers)

    @property
    def _one_group(self) -> StandardizeGroups:
        return StandardizeGroups(1, self.eps)
