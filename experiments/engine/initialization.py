"""Random weights to start from."""

from __future__ import annotations

import numpy as np


def lecun_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """w ~ N(0, 1/fan_in): a linear layer keeps the variance of its input.

    LeCun et al. 1998, §4.6.
    """
    return rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in)


def he_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """w ~ N(0, 2/fan_in): a layer after a ReLU keeps the mean square of its input.

    He et al. 2015, §2.2.
    """
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_in)
