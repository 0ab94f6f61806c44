"""Where a quantity that falls passes a level."""

from __future__ import annotations

import numpy as np


def first_passed(falling: np.ndarray, other: np.ndarray, level: float) -> tuple[float, float]:
    """`other` and `falling` where `falling` is first at the level; at the end if it never is.

    Between readings both are interpolated along the logarithm of what falls. If it is below the
    level from the start, that is where both are read.
    """
    below = np.flatnonzero(falling <= level)
    if not below.size or below[0] == 0:
        j = below[0] if below.size else -1
        return other[j], falling[j]
    j = below[0]
    share = np.log(falling[j - 1] / level) / np.log(falling[j - 1] / falling[j])
    return other[j - 1] + share * (other[j] - other[j - 1]), level
