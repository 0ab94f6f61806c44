"""Batches that are no random draw of the data: they hold few classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


def biased_batches(
    x: np.ndarray, labels: np.ndarray, batch: int, classes: int, rngs: Sequence[np.random.Generator]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches without end that hold few classes, drawn anew for every batch.

    With all classes a batch is a random draw from all samples, whatever their classes. Otherwise it
    has `batch` / `classes` samples of each of so many different random classes, in random order. No
    sample is twice in a batch.

    Yields
    ------
    x : ndarray, shape (run, batch, feature)
    labels : ndarray of int, shape (run, batch)
    """
    of_class = piles(labels)
    while True:
        chosen = np.stack([_draw(of_class, len(labels), batch, classes, rng) for rng in rngs])
        yield x[chosen], labels[chosen]


def _draw(
    of_class: list[np.ndarray], samples: int, batch: int, classes: int, rng: np.random.Generator
) -> np.ndarray:
    if classes == len(of_class):
        return rng.choice(samples, batch, replace=False)
    drawn, each = rng.choice(len(of_class), classes, replace=False), batch // classes
    return rng.permutation(
        np.concatenate([rng.choice(of_class[one], each, replace=False) for one in drawn])
    )


def biased_order(
    labels: np.ndarray, batch: int, classes: int, rng: np.random.Generator
) -> np.ndarray:
    """An order of samples in which every `batch` in a row hold so many classes, equally often.

    Samples that are left over are left out; with all classes the order is random.
    """
    of_class, each = piles(labels), batch // classes
    if classes == len(of_class):
        return rng.permutation(len(labels))
    of_class, found = [rng.permutation(pile) for pile in of_class], []
    for start in range(0, min(map(len, of_class)) - each + 1, each):
        drawn = rng.permutation(len(of_class))
        found += [of_class[one][start : start + each] for one in drawn]
    return np.concatenate(found)


def piles(labels: np.ndarray) -> list[np.ndarray]:
    """The samples of each class, by their numbers."""
    return [np.flatnonzero(labels == one) for one in np.unique(labels)]
