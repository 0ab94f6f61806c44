"""How parameters and distributions move: path lengths, distances from the start, fluctuation.

A track is what a parameter was at every step, (step, …, feature), such as (step, run, feature).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.measures.distribution import ordered, wasserstein


@dataclass(frozen=True)
class Move:
    """How far the distribution of a unit's values on a probe moves between two readings.

    Attributes
    ----------
    mean, std : ndarray, shape (run, feature)
        |Δmean| and |Δstd|, in units of the values; biased standard deviations.
    distance : ndarray, shape (run, feature)
        Wasserstein-1 distance between the two, in the first one's standard deviation.
    values : ndarray, shape (run, feature)
        Mean over the samples of |Δvalue|, in the same unit: each sample is compared with itself.
        Never less than `distance`, since pairing smallest with smallest costs least.
    """

    mean: np.ndarray
    std: np.ndarray
    distance: np.ndarray
    values: np.ndarray


def move(first: np.ndarray, second: np.ndarray) -> Move:
    """Compare values on the same samples, (run, sample, feature), before and after."""
    std = first.std(axis=1)
    return Move(
        mean=np.abs(second.mean(axis=1) - first.mean(axis=1)),
        std=np.abs(second.std(axis=1) - std),
        distance=wasserstein(ordered(first), ordered(second)) / std,
        values=np.abs(second - first).mean(axis=1) / std,
    )


def path_length(track: np.ndarray) -> np.ndarray:
    """Length of the path up to each step, mean over features.

    `Σ_{s<t} |p_{s+1} − p_s|`: (step, …, feature) → (step, …).
    """
    steps = np.abs(np.diff(track, axis=0)).mean(axis=-1, dtype=np.float64)
    return np.concatenate([np.zeros_like(steps[:1]), steps.cumsum(axis=0)])


def distance(track: np.ndarray) -> np.ndarray:
    """Distance from the start, root mean square over features.

    `√(mean (p_t − p_0)²)`: (step, …, feature) → (step, …).
    """
    return np.sqrt(np.square(track - track[:1]).mean(axis=-1, dtype=np.float64))


def fluctuation(track: np.ndarray) -> np.ndarray:
    """Standard deviation about the least-squares line, mean over features.

    (step, …, feature) → (…). A parameter that moves steadily does not fluctuate, however fast it
    is.
    """
    track = track.astype(np.float64)
    time = np.arange(len(track)) - (len(track) - 1) / 2
    centred = track - track.mean(axis=0)
    slope = np.tensordot(time, centred, axes=1) / np.square(time).sum()
    return (centred - np.multiply.outer(time, slope)).std(axis=0).mean(axis=-1)
