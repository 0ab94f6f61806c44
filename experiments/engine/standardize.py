"""Standardize every feature over the batch, the first half of batch normalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.inputs import checked_gradient, checked_statistics, checked_values
from experiments.engine.layer import Arrays
from experiments.engine.moments import standardized, through_statistics
from experiments.engine.sums import (
    accumulator,
    beside,
    first_per_channel,
    mean_per_channel,
    values_per_channel,
)


@dataclass(frozen=True)
class Convention:
    """What frameworks disagree about.

    Parameters
    ----------
    eps : float
        ε, added to the variance under the root.
    rate : float
        Weight of the new batch in the running statistics. PyTorch's momentum is this; that of
        Keras and Flax is one minus this.
    unbiased : bool
        Whether the running variance averages batch variances times m/(m − 1) (Bessel's
        correction). The variance that a batch is divided by is the biased one everywhere.
    """

    eps: float
    rate: float
    unbiased: bool

    def __post_init__(self) -> None:
        if not self.eps >= 0:
            raise ValueError(f"ε is {self.eps}; it is added to a variance and cannot be negative")

    def next_state(self, state: Arrays, mean: np.ndarray, var: np.ndarray, values: int) -> Arrays:
        """running ← (1 − rate) running + rate batch, for a batch of m = `values` values a feature.

        `mean` and the biased `var` are those of the batch (run, feature).
        """
        rate, correction = self.rate, values / (values - 1) if self.unbiased else 1.0
        return {
            "running_mean": (1 - rate) * state["running_mean"] + rate * mean,
            "running_var": (1 - rate) * state["running_var"] + rate * correction * var,
        }


PYTORCH = Convention(eps=1e-5, rate=0.1, unbiased=True)  # torch.nn.BatchNorm1d
KERAS = Convention(eps=1e-3, rate=0.01, unbiased=False)  # keras.layers.BatchNormalization
FLAX = Convention(eps=1e-5, rate=0.01, unbiased=False)  # flax.linen.BatchNorm


@dataclass(frozen=True)
class Standardize:
    """x̂ = (x − μ)/√(σ² + ε), with mean μ and biased variance σ² of every feature over the samples.

    Follow it with `Affine` for batch norm. Layer, group and instance norm take their statistics
    from one sample: see `StandardizeFeatures` and `StandardizeGroups`.

    Parameters
    ----------
    convention : Convention
        ε, and how running statistics are kept.

    Notes
    -----
    Of images (run, sample, channel, height, width), every channel has one mean and one variance,
    over samples and pixels: m' = m h w values. For statistics of each pixel by itself, put
    `Flatten` before it: then every pixel is a feature.

    The state is running_mean and running_var (run, feature), starting at 0 and 1; training=False
    standardizes with them.

    `saved` has x, xhat, and (run, feature) mean, var (biased; the running ones if training=False)
    and inv_std = 1/√(var + ε), and constant: whether these did not depend on x.

    A constant feature gives x̂ = 0 exactly, or nan if ε = 0, where it is 0/0. A large common offset
    costs no digits. Float16 data are standardized in float32, which also holds the statistics, and
    x̂ is rounded at the end.

    Source: Ioffe & Szegedy 2015, Algorithms 1 and 2.

    Raises
    ------
    ValueError
        In training, if a feature has a single value in the batch.
    """

    convention: Convention = PYTORCH

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """Running mean 0 and variance 1, as all frameworks start; draws no random numbers."""
        shape, dtype = (len(rngs), features), accumulator(dtype)
        state = {"running_mean": np.zeros(shape, dtype), "running_var": np.ones(shape, dtype)}
        return {}, state, features

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """x̂ = (x − μ)/√(σ² + ε), and in training the next running statistics."""
        checked_statistics(x, state)
        buffers = buffers or Buffers()
        if not training:
            return self._with_running(state, x, buffers)
        values = values_per_channel(x)
        checked_values(values)
        saved = standardized(x, first_per_channel(x), _mean, self.convention.eps, buffers)
        for name in ("mean", "var", "inv_std"):
            saved[name] = saved[name].reshape(x.shape[0], -1)
        saved["xhat"] = saved["xhat"].astype(x.dtype, copy=False)
        state = self.convention.next_state(state, saved["mean"], saved["var"], values)
        return saved["xhat"], saved | {"x": x, "constant": False}, state

    @np.errstate(invalid="ignore", over="ignore")
    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = (g − mean(g) − x̂ mean(g x̂))/√(σ² + ε), with g = ∂L/∂x̂ and batch means.

        After a forward pass with running statistics, which do not depend on x, it is g/√(σ² + ε).
        """
        checked_gradient(dy, saved["x"])
        dx = (buffers or Buffers()).array("dx", dy.shape, accumulator(dy.dtype))
        inv_std = beside(saved["inv_std"], dy)
        if saved["constant"]:
            np.multiply(dy, inv_std, out=dx)
        else:
            through_statistics(dy, saved["xhat"], inv_std, _mean, dx)
        return dx.astype(dy.dtype, copy=False), {}

    def _with_running(
        self, state: Arrays, x: np.ndarray, buffers: Buffers
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """x̂ with the running statistics, which do not depend on x."""
        mean, var = state["running_mean"], state["running_var"]
        inv_std = 1 / np.sqrt(var + self.convention.eps)
        xhat = buffers.array("xhat", (mean.shape[0], *x.shape[1:]), mean.dtype)
        np.subtract(x, beside(mean, x), out=xhat)
        xhat *= beside(inv_std, x)
        xhat = xhat.astype(x.dtype, copy=False)
        saved = {"x": x, "xhat": xhat, "mean": mean, "var": var, "inv_std": inv_std}
        return xhat, saved | {"constant": True}, state


def _mean(a: np.ndarray) -> np.ndarray:
    return beside(mean_per_channel(a), a)
