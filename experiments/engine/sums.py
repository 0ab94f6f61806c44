"""Sums over samples, features or pixels, and the precision that they are accumulated in."""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np


def accumulator(dtype: np.dtype) -> np.dtype:
    """The precision of sums: float32 for float16, as in frameworks, otherwise that of the data."""
    return np.promote_types(dtype, np.float32)


def sum_over(axis: int, a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Sum a (run, sample, feature) array over axis 1 or 2, which stays as an axis of length one.

    It is a product with a vector of ones: BLAS is given one run at a time and so cannot mix them,
    and over samples it is several times as fast as `np.sum`. Float16 is summed in float32, and that
    is what comes back unless `out` is float16.
    """
    ones, dtype = _ones(a.shape[axis], a.dtype), accumulator(a.dtype)
    factors = (ones[None], a) if axis == 1 else (a, ones[:, None])
    return np.matmul(*factors, out=out, dtype=dtype, casting="same_kind")


def mean_over(axis: int, a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Mean of a (run, sample, feature) array over axis 1 or 2, which stays, with length one."""
    mean = sum_over(axis, a, out)
    mean /= a.shape[axis]
    return mean


def sum_per_channel(a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Sum over everything but runs and channels, which leaves (run, 1, channel).

    Of data (run, sample, feature), where a feature is a channel of one pixel, that is
    `sum_over(1, a)`. Of images (run, sample, channel, height, width) it is Σ over samples of Σ over
    pixels.
    """
    if a.ndim == 3:
        return sum_over(1, a, out)
    pixels = a.reshape(*a.shape[:3], -1)
    ones = _ones(pixels.shape[3], a.dtype)[:, None]
    return sum_over(1, np.matmul(pixels, ones, dtype=accumulator(a.dtype))[..., 0], out)


def mean_per_channel(a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Mean over everything but runs and channels, which leaves (run, 1, channel)."""
    mean = sum_per_channel(a, out)
    mean /= values_per_channel(a)
    return mean


def first_per_channel(a: np.ndarray) -> np.ndarray:
    """The first value of every channel, a view that broadcasts to `a`."""
    return a[(slice(None), slice(1), slice(None), *(slice(1),) * (a.ndim - 3))]


def values_per_channel(a: np.ndarray) -> int:
    """m' = m h w values of a channel in a batch of m images of h by w pixels; m if no images."""
    return a.shape[1] * prod(a.shape[3:])


def beside(channels: np.ndarray, a: np.ndarray) -> np.ndarray:
    """A view of (run, channel) or (run, 1, channel) that broadcasts to `a`."""
    return channels.reshape(channels.shape[0], 1, -1, *(1,) * (a.ndim - 3))


@lru_cache(maxsize=64)
def _ones(length: int, dtype: np.dtype) -> np.ndarray:
    ones = np.ones(length, dtype)
    ones.flags.writeable = False
    return ones
