"""Weights of length one, the first half of weight normalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.layer import Arrays
from experiments.engine.sums import accumulator, sum_over


@dataclass(frozen=True)
class UnitWeights:
    """`layer` with weights w = v/‖v‖, unit by unit, or output channel by output channel.

    Follow it with `Affine` for weight normalization, w = γ v/‖v‖. What is normalized is not data,
    so a batch has no part in it. Parameters: weight, which is v, shaped as the layer's and drawn as
    the layer draws it.

    Source: Salimans & Kingma 2016.

    Raises
    ------
    ValueError
        If the layer has a bias: behind it, γ would multiply it too, and `Affine` has one.
    """

    layer: Convolution | Dense

    def __post_init__(self) -> None:
        if self.layer.bias:
            raise ValueError("the layer has a bias; say bias=False and put Affine behind it")

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """As the layer."""
        return self.layer.init(rngs, features, dtype)

    def lengths(self, params: Arrays) -> np.ndarray:
        """‖v‖ of every unit (run, unit). As γ of the `Affine` behind, they restore the layer."""
        v = self._by_unit(params["weight"])
        return np.sqrt(sum_over(2, np.square(v, dtype=accumulator(v.dtype))))[..., 0]

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """The layer with w = v/‖v‖."""
        length = self.lengths(params)
        v = params["weight"]
        unit = {"weight": (v / self._beside(length)).astype(v.dtype, copy=False)}
        y, saved, state = self.layer.forward(unit, state, x, training, buffers)
        return y, {"x": x, "layer": saved, "unit": unit, "length": length}, state

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂v = (g − w ⟨w, g⟩)/‖v‖ with g = ∂L/∂w: orthogonal to v, as batch norm makes it."""
        unit = saved["unit"]
        dx, grads = self.layer.backward(unit, saved["layer"], dy, buffers)
        along = sum_over(2, self._by_unit(grads["weight"]) * self._by_unit(unit["weight"]))[..., 0]
        dv = grads["weight"] - unit["weight"] * self._beside(along)
        dv = dv / self._beside(saved["length"])
        return dx, {"weight": dv.astype(unit["weight"].dtype, copy=False)}

    def _by_unit(self, weight: np.ndarray) -> np.ndarray:
        """Weights as (run, unit, input): `Dense` has its units last, `Convolution` on axis 1."""
        if isinstance(self.layer, Dense):
            return np.ascontiguousarray(weight.swapaxes(1, 2))
        return weight.reshape(*weight.shape[:2], -1)

    def _beside(self, units: np.ndarray) -> np.ndarray:
        """(run, unit) with axes of length one, to go with the layer's weights."""
        return units[:, None, :] if isinstance(self.layer, Dense) else units[:, :, None, None, None]
