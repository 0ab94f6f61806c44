"""From images to features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays


@dataclass(frozen=True)
class Flatten:
    """(run, sample, channel, height, width) → (run, sample, channel × height × width).

    Every pixel becomes a feature.

    Parameters
    ----------
    pixels : int
        height × width, so that the layers after it know how many features there are.

    Notes
    -----
    With `Standardize` after it, every pixel of every channel has a mean and a variance of its own.

    Raises
    ------
    ValueError
        If the images have another number of pixels.
    """

    pixels: int

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """No parameters, no state; `features` are the channels that come in."""
        return {}, {}, features * self.pixels

    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """The same numbers in one row for each sample."""
        checked(x, axes=(5,))
        if x.shape[3] * x.shape[4] != self.pixels:
            raise ValueError(
                f"an image has {x.shape[3]} × {x.shape[4]} pixels, but pixels={self.pixels}"
            )
        return x.reshape(*x.shape[:2], -1), {"x": x}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """The same numbers as an image again."""
        checked_gradient(dy, saved["x"], keeps_shape=False)
        return dy.reshape(*dy.shape[:2], *saved["x"].shape[2:]), {}
