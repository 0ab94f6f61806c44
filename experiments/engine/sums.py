"""Sums over samples or features."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def sum_over(axis: int, a: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Sum a (run, sample, feature) array over axis 1 or 2, which stays as an axis of length one.

    It is a product with a vector of ones: BLAS is given one run at a time and so cannot mix them, and over
    samples it is several times as fast as `np.sum`.
    """
    ones = _ones(a.shape[axis], a.dtype)
    return np.matmul(ones[None], a, out=out) if axis == 1 else np.matmul(a, ones[:, None], out=out)


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
