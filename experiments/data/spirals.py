"""Two interleaved spirals: a task in two dimensions that no linear classifier can do."""

from __future__ import annotations

import numpy as np

from experiments.data.samples import Data, Samples


def load_spirals(seed: int | tuple[int, ...], points: int, tested: int = 1000) -> Data:
    """So many points of two spirals for training and for tests, the same ones for a seed."""
    rng = np.random.default_rng(seed)
    return Data(Samples(*spirals(rng, points)), Samples(*spirals(rng, tested)))


def spirals(
    rng: np.random.Generator, samples: int, turns: float = 1.0, noise: float = 0.03
) -> tuple[np.ndarray, np.ndarray]:
    """Draw points from two spirals, half a turn apart, that wind around the origin.

    A point at position t, uniform in [0, 1), on spiral k lies at radius r = 0.1 + 0.9 t and angle
    2π `turns` t + π k, plus Gaussian noise. Both classes get `samples` / 2 points (class 0 the odd
    one), in random order.

    Parameters
    ----------
    rng : Generator
    samples : int
        Points in all.
    turns : float
        Revolutions of each spiral from the centre to radius 1.
    noise : float
        Standard deviation of the noise in each coordinate.

    Returns
    -------
    x : ndarray of float32, shape (samples, 2)
        Most of it in [-1, 1].
    labels : ndarray of int64, shape (samples,)
        0 or 1.
    """
    labels = rng.permutation(np.arange(samples, dtype=np.int64) % 2)
    t = rng.random(samples)
    angle = 2 * np.pi * turns * t + np.pi * labels
    radius = 0.1 + 0.9 * t
    curve = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    x = curve + noise * rng.standard_normal((samples, 2))
    return x.astype(np.float32), labels
