"""Images that are darker, paler or noisier than others."""

from __future__ import annotations

import numpy as np

from experiments.data.samples import Samples

COMMON = ("contrast", "brightness")  # the same change of all images
SHIFTS = (*COMMON, "noise", "own contrast")


def shifted(x: np.ndarray, shift: str, level: float, rng: np.random.Generator) -> np.ndarray:
    """Images (image, feature) after a shift.

    They are c x (contrast), x + b (brightness), x + s z with normal z (noise), or c_i x with c_i
    uniform from the level to 1 (own contrast).
    """
    if shift == "contrast":
        return level * x
    if shift == "brightness":
        return x + level
    if shift == "noise":
        return x + level * rng.standard_normal(x.shape)
    return rng.uniform(level, 1, (len(x), 1)) * x


def shifted_samples(
    samples: Samples, shift: str, level: float, rng: np.random.Generator
) -> Samples:
    """The same for samples, in the precision that they have."""
    return Samples(shifted(samples.x, shift, level, rng), samples.labels).astype(samples.x.dtype)
