"""Arrays that are allocated once and used again at every step."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np


class Buffers:
    """Named arrays, made when they are first asked for.

    A layer asks for every array it fills. Given the same buffers at the next step it fills the same
    memory, so what a pass returned holds until the next pass with the same buffers: copy what must
    live longer. Without buffers a layer makes empty ones, which is an ordinary allocation.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}
        self._parts: dict[Hashable, Buffers] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return the array of this name as it is; a new one if shape or dtype changed."""
        array = self._arrays.get(name)
        if array is None or array.shape != shape or array.dtype != dtype:
            array = self._arrays[name] = np.empty(shape, dtype)
        return array

    def part(self, key: Hashable) -> Buffers:
        """Return buffers of their own for one layer, so that layers may use the same names."""
        if key not in self._parts:
            self._parts[key] = Buffers()
        return self._parts[key]
