"""Sums over samples or features, and the precision that they are accumulated in."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def accumulator(dtype: np.dtype) -> np.dtype:
    """The precision of sums and statistics: float32 for float16, as frameworks take it; otherwise that of the data."""
    return np.promote_types(dtype, np.float32)


def sum_over(axis: int, a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Sum a (run, sample, feature) array over axis 1 or 2, which stays as an axis of length one.

    It is a product with a vector of ones: BLAS is given one run at a time and so cannot mix them, and over
    samples it is several times as fast as `np.sum`. Float16 is summed in float32, and that is what comes back
    unless `out` is float16.
    """
    ones, dtype = _ones(a.shape[axis], a.dtype), accumulator(a.dtype)
    factors = (ones[None], a) if axis == 1 else (a, ones[:, None])
    return np.matmul(*factors, out=out, dtype=dtype, casting="same_kind")


def mean_over(axis: int, a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Mean of a (run, sample, feature) array over axis 1 or 2, which stays as an axis of length one."""
    mean = sum_over(axis, a, out)
    mean /= a.shape[axis]
    return mean


@lru_cache(maxsize=64)
def _ones(length: int, dtype: np.dtype) -> np.ndarray:
    ones = np.ones(length, dtype)
    ones.flags.writeable = False
    return ones
