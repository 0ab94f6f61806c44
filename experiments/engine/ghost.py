"""Batch statistics over parts of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked_gradient, checked_statistics
from experiments.engine.layer import Arrays
from experiments.engine.standardize import PYTORCH, Convention, Standardize
from experiments.engine.sums import mean_over, values_per_channel


@dataclass(frozen=True)
class Ghost:
    """x̂ = (x − μ)/√(σ² + ε), with μ and σ² of parts of the batch: `size` neighbouring samples.

    Follow it with `Affine`. State as `Standardize`: the running statistics take, at a step, the
    mean over the ghost batches of their means and of their variances. In evaluation it is batch
    norm.

    Source: Hoffer et al. 2017, who update the running statistics once for every ghost batch.

    Raises
    ------
    ValueError
        In training, if `size` does not divide the batch.
    """

    size: int
    convention: Convention = PYTORCH

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """As `Standardize`."""
        return self._batch.init(rngs, features, dtype)

    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """In training, a ghost batch is treated as a run of its own, which no other run meets."""
        if not training:
            xhat, saved, state = self._batch.forward(params, state, x, False, buffers)
            return xhat, saved, state
        checked_statistics(x, state)
        if x.shape[1] % self.size:
            raise ValueError(
                f"a batch of {x.shape[1]} samples cannot be divided into ghosts of {self.size}"
            )
        ghosts = x.reshape(-1, self.size, *x.shape[2:])
        _, alone, _ = self._batch.init([None] * len(ghosts), x.shape[2], x.dtype)
        xhat, saved, _ = self._batch.forward(params, alone, ghosts, True, buffers)
        mean, var = (
            mean_over(1, saved[name].reshape(x.shape[0], -1, x.shape[2]))[:, 0]
            for name in ("mean", "var")
        )
        state = self.convention.next_state(state, mean, var, values_per_channel(ghosts))
        folded = {
            name: a.reshape(x.shape[0], -1, *a.shape[1:])
            for name, a in saved.items()
            if isinstance(a, np.ndarray)
        }
        return xhat.reshape(x.shape), {"x": x, "ghosts": folded}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """That of batch norm, for every ghost batch by itself."""
        if "ghosts" not in saved:
            return self._batch.backward(params, saved, dy, buffers)
        x = saved["ghosts"]["x"]
        checked_gradient(dy, x.reshape(x.shape[0], -1, *x.shape[3:]))
        ghosts = {name: a.reshape(-1, *a.shape[2:]) for name, a in saved["ghosts"].items()}
        g = dy.reshape(ghosts["x"].shape)
        dx, _ = self._batch.backward(params, ghosts | {"constant": False}, g, buffers)
        return dx.reshape(dy.shape), {}

    @property
    def _batch(self) -> Standardize:
        return Standardize(self.convention)
