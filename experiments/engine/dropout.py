"""Set numbers to zero at random in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays


@dataclass(frozen=True)
class Dropout:
    """y = x a / p in training, with a = 1 with probability p, else 0; y = x in evaluation.

    Parameters
    ----------
    keep : float
        p, the probability that a number stays, above 0 and at most 1. PyTorch's `p` is one minus
        this.

    Notes
    -----
    Each run draws from a stream of its own, which is spawned from its generator and so changes no
    weight. The state is the stream's key (run,) and the number of passes so far (run,): the same
    state gives the same zeros.

    Source: Srivastava et al. 2014, scaled in training and not in evaluation ("inverted").

    Raises
    ------
    ValueError
        If `keep` is out of range.
    """

    keep: float

    def __post_init__(self) -> None:
        if not 0 < self.keep <= 1:
            raise ValueError(f"keep={self.keep}: it lies above 0 and at most at 1")

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
        """y = x a / p in training, x otherwise."""
        checked(x, state, {"key": (), "passes": ()}, np.dtype(np.uint64))
        if not training:
            return x, {"x": x, "factor": None}, state
        factor = (buffers or Buffers()).array("factor", (len(state["key"]), *x.shape[1:]), x.dtype)
        for run, (key, passes) in enumerate(zip(state["key"], state["passes"], strict=True)):
            rng = np.random.Generator(
                np.random.Philox(key=int(key), counter=[0, 0, int(passes), 0])
            )
            factor[run] = rng.random(x.shape[1:], dtype=np.float32) < self.keep
        factor /= self.keep
        return (
            x * factor,
            {"x": x, "factor": factor},
            state | {"passes": state["passes"] + np.uint64(1)},
        )

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = a/p ∂L/∂y: what was set to zero gets no gradient."""
        checked_gradient(dy, saved["x"])
        return (dy if saved["factor"] is None else dy * saved["factor"]), {}
