"""What a layer is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from experiments.engine.buffers import Buffers

Arrays = dict[str, np.ndarray]


class Layer(Protocol):
    """A function of parameters, state and input, with its derivative.

    What does not fit is refused: `forward` begins with `experiments.engine.inputs.checked`, and
    `backward` with `checked_gradient`.

    Data are arrays (run, sample, feature), or images (run, sample, channel, height, width), where a
    channel is what a feature is elsewhere; float16, float32 or float64. Parameters and state have
    the run as their first axis too, and are of the same dtype, but for running statistics: those of
    float16 are float32. Runs never mix: the bytes of a run are those that it has when it is
    computed alone. Where these signatures say `Arrays`, a layer that is made of layers has a list
    with one entry a layer (`experiments.engine.residual`).
    """

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """Return parameters, state and the number of features out, for one generator a run."""

    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """Return the output, what `backward` needs, and the next state.

        `saved["x"]` is the input everywhere. Neither the parameters nor the state that were passed
        in are changed.
        """

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """Return ∂L/∂x and, under the names of the parameters, ∂L/∂params, given dy = ∂L/∂y."""
