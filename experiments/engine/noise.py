"""Shift and stretch every feature at random, anew at every pass in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays


@dataclass(frozen=True)
class Noise:
    """y = s x + d in training, with random s and d for each feature; y = x in evaluation.

    Both are drawn anew at each pass, and are the same for all samples.

    d is uniform between −a and a, and s between 1 − a/2 and 1 + a/2: means 0 and 1, standard
    deviations a/√3 and a/√12.

    Parameters
    ----------
    size : float
        a, from 0 to 2. What leaves the layer has another mean and another width at every pass.

    Notes
    -----
    Each run draws from a stream of its own, which is spawned from its generator and so changes no
    weight. The draw is scaled by a: two sizes are pushed in the same directions. The state is the
    stream's key (run,) and the number of passes so far (run,): the same state gives the same noise.

    After an idea of Santurkar et al. 2018, who add noise of changing mean and variance after batch
    normalization.

    Raises
    ------
    ValueError
        If `size` is out of range: beyond 2 the sign of a feature could turn.
    """

    size: float

    def __post_init__(self) -> None:
        if not 0 <= self.size <= 2:
            raise ValueError(f"size={self.size}: it lies between 0 and 2")

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """A key for every run; the runs' own streams are left where they are."""
        keys = [rng.spawn(1)[0].integers(2**63, dtype=np.uint64) for rng in rngs]
        return {}, {"key": np.array(keys), "passes": np.zeros(len(keys), np.uint64)}, features

    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """y = s x + d in training, x otherwise."""
        checked(x, state, {"key": (), "passes": ()}, np.dtype(np.uint64))
        if not training:
            return x, {"x": x, "scale": None}, state
        buffers, runs = buffers or Buffers(), len(state["key"])
        draws = buffers.array("draws", (2, runs, 1, x.shape[2]), np.float64)
        for run, (key, passes) in enumerate(zip(state["key"], state["passes"], strict=True)):
            rng = np.random.Generator(
                np.random.Philox(key=int(key), counter=[0, 0, int(passes), 0])
            )
            draws[:, run, 0] = rng.uniform(-1, 1, (2, x.shape[2]))
        shift, scale = (
            (self.size * draws[0]).astype(x.dtype),
            (1 + self.size / 2 * draws[1]).astype(x.dtype),
        )
        y = buffers.array("y", (runs, *x.shape[1:]), x.dtype)
        np.multiply(x, scale, out=y)
        y += shift
        return y, {"x": x, "scale": scale}, state | {"passes": state["passes"] + np.uint64(1)}

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = s ∂L/∂y."""
        checked_gradient(dy, saved["x"])
        return (dy if saved["scale"] is None else dy * saved["scale"]), {}
