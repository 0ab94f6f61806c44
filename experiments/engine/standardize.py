"""Subtract the mean and divide by the standard deviation, the first half of every normalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.sums import (
    accumulator,
    beside,
    mean_over,
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
        Weight of the new batch in the running statistics. PyTorch's momentum is this; that of Keras and Flax
        is one minus this.
    unbiased : bool
        Whether the running variance averages batch variances times m/(m − 1) (Bessel's correction). The
        variance that a batch is divided by is the biased one everywhere.
    """

    eps: float
    rate: float
    unbiased: bool


PYTORCH = Convention(eps=1e-5, rate=0.1, unbiased=True)  # torch.nn.BatchNorm1d
KERAS = Convention(eps=1e-3, rate=0.01, unbiased=False)  # keras.layers.BatchNormalization
FLAX = Convention(eps=1e-5, rate=0.01, unbiased=False)  # flax.linen.BatchNorm


@dataclass(frozen=True)
class Standardize:
    """x̂ = (x − μ)/√(σ² + ε), with mean μ and biased variance σ² over samples or over features, and over pixels.

    Parameters
    ----------
    over : {"batch", "features", "groups"}
        What μ and σ² are taken over: the samples, for each feature (batch norm); the features, for each
        sample (layer norm); groups of neighbouring features, for each sample (group norm).
    groups : int
        Number of groups if over="groups", else 1.
    convention : Convention
        ε, and how running statistics are kept over the batch.

    Notes
    -----
    Of images (run, sample, channel, height, width), channels are the features, and the pixels always belong to what
    μ and σ² are taken over: samples and pixels for each channel (m' = m h w values; batch norm of a convolution), or
    channels and pixels for each sample (layer norm) and group of channels (group norm; with as many groups as channels,
    instance norm). For statistics of each pixel by itself, put `Flatten` before it: then every pixel is a feature.

    Follow it with `Affine` for the whole of batch, layer or group norm. Over the batch the state is running_mean
    and running_var (run, feature), starting at 0 and 1; training=False standardizes with them. Otherwise there
    is no state, and training makes no difference.

    `saved` has x, xhat, mean, var (biased; the running ones if training=False), inv_std = 1/√(var + ε), and
    constant: whether these did not depend on x. They are (run, feature) over the batch, else (run, sample, group).

    The statistics are those of x minus its first value (sample, feature or pixel), so a large common offset costs no digits,
    and the variance is centred. A constant feature gives x̂ = 0 exactly, or nan if ε = 0, where it is 0/0.

    Float16 data are standardized in float32, which also holds the statistics, and x̂ is rounded at the end.

    Sources: Ioffe & Szegedy 2015, Algorithms 1 and 2; Ba et al. 2016; Wu & He 2018.

    Raises
    ------
    ValueError
        If `over` is unknown, if groups do not divide the features, or in training over a batch that holds one value.
    """

    over: str = "batch"
    groups: int = 1
    convention: Convention = PYTORCH

    def __post_init__(self) -> None:
        if self.over not in ("batch", "features", "groups"):
            raise ValueError(f'over={self.over!r}: it must be "batch", "features" or "groups"')
        if self.groups < 1 or (self.groups > 1 and self.over != "groups"):
            raise ValueError(
                f'groups={self.groups} with over={self.over!r}: more than one group needs over="groups"'
            )

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """Running mean 0 and variance 1, as all frameworks start; draws no random numbers."""
        if features % self.groups:
            raise ValueError(f"{features} features cannot be divided into {self.groups} groups")
        if self.over != "batch":
            return {}, {}, features
        shape, dtype = (len(rngs), features), accumulator(dtype)
        return (
            {},
            {"running_mean": np.zeros(shape, dtype), "running_var": np.ones(shape, dtype)},
            features,
        )

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """x̂ = (x − μ)/√(σ² + ε); in training over the batch also the next running statistics."""
        buffers = buffers or Buffers()
        if self.over == "batch" and not training:
            return self._with_running(state, x, buffers)
        if self.over == "batch" and values_per_channel(x) == 1:
            raise ValueError(
                "a batch of 1 sample has no variance to train with; it takes at least 2"
            )

        rows, dtype = self._rows(x), accumulator(x.dtype)
        xhat = buffers.array("xhat", rows.shape, dtype)
        first = self._first(rows)
        np.subtract(rows, first, out=xhat, dtype=dtype)
        mean = self._mean(xhat)
        xhat -= mean
        mean += first
        var = self._mean(np.multiply(xhat, xhat, out=buffers.array("square", rows.shape, dtype)))
        inv_std = 1 / np.sqrt(var + self.convention.eps)
        xhat *= inv_std

        shape = (x.shape[0], -1) if self.over == "batch" else (*x.shape[:2], -1)
        mean, var, inv_std = mean.reshape(shape), var.reshape(shape), inv_std.reshape(shape)
        y = xhat.reshape(x.shape).astype(x.dtype, copy=False)
        saved = {"x": x, "xhat": y, "mean": mean, "var": var, "inv_std": inv_std, "constant": False}
        return y, saved, self._next(state, mean, var, values=values_per_channel(x))

    @np.errstate(invalid="ignore", over="ignore")
    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x = (g − mean(g) − x̂ mean(g x̂))/√(σ² + ε), where g = ∂L/∂x̂ and means are over what μ and σ² are over.

        After a forward pass with running statistics, which do not depend on x, it is g/√(σ² + ε).
        """
        dx = (buffers or Buffers()).array("dx", dy.shape, accumulator(dy.dtype))
        if saved["constant"]:
            return np.multiply(dy, beside(saved["inv_std"], dy), out=dx).astype(
                dy.dtype, copy=False
            ), {}
        g, xhat, rows = self._rows(dy), self._rows(saved["xhat"]), self._rows(dx)
        np.multiply(g, xhat, out=rows, dtype=dx.dtype)
        along = self._mean(rows)
        np.multiply(xhat, along, out=rows)
        np.subtract(g, rows, out=rows)
        rows -= self._mean(g)
        inv_std = saved["inv_std"]
        rows *= (
            beside(inv_std, rows)
            if self.over == "batch"
            else inv_std.reshape(inv_std.shape[0], -1, 1)
        )
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
        saved = {
            "x": x,
            "xhat": xhat,
            "mean": mean,
            "var": var,
            "inv_std": inv_std,
            "constant": True,
        }
        return xhat, saved, state

    def _next(self, state: Arrays, mean: np.ndarray, var: np.ndarray, values: int) -> Arrays:
        """running ← (1 − rate) running + rate batch."""
        if self.over != "batch":
            return state
        rate, correction = (
            self.convention.rate,
            values / (values - 1) if self.convention.unbiased else 1.0,
        )
        return {
            "running_mean": (1 - rate) * state["running_mean"] + rate * mean,
            "running_var": (1 - rate) * state["running_var"] + rate * correction * var,
        }

    def _rows(self, a: np.ndarray) -> np.ndarray:
        """The array itself over the batch, else a view with a row for every group of features: (run, sample × group,
        feature of the group, or channel and pixel of it)."""
        if self.over == "batch" or (self.groups == 1 and a.ndim == 3):
            return a
        return a.reshape(a.shape[0], a.shape[1] * self.groups, -1)

    def _mean(self, rows: np.ndarray) -> np.ndarray:
        """The mean over what μ and σ² are taken over, which broadcasts to `rows`."""
        return beside(mean_per_channel(rows), rows) if self.over == "batch" else mean_over(2, rows)

    def _first(self, rows: np.ndarray) -> np.ndarray:
        """One value of every mean, which broadcasts to `rows` too."""
        return rows[(slice(None), slice(1), slice(None), *(slice(1),) * (rows.ndim - 3))] if self.over == "batch" else rows[:, :, :1]  # fmt: skip
