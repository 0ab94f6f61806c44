"""Shuffled mini-batches for many runs at once, each run with an order of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from experiments.runs import normal


def batches(
    x: np.ndarray, labels: np.ndarray, batch: int, rngs: Sequence[np.random.Generator]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mini-batches without end; each run passes through all samples in a new order every epoch.

    Run `i` draws from `rngs[i]` and from nothing else, so its batches do not depend on the other
    runs, and two conditions whose generators start alike see the same batches. If `batch` does not
    divide the number of samples, the rest of each order is left out, as PyTorch's `drop_last` does:
    every batch has the same size.

    The two arrays are buffers that the next step overwrites: copy what is to be kept.

    Parameters
    ----------
    x : ndarray, shape (sample, feature)
    labels : ndarray of int, shape (sample,)
    batch : int
        Samples a batch, from 1 to the number of samples.
    rngs : sequence of Generator
        One a run.

    Yields
    ------
    x : ndarray, shape (run, batch, feature)
    labels : ndarray, shape (run, batch)

    Raises
    ------
    ValueError
        If a batch would be empty or larger than the data.
    """
    samples = len(labels)
    if not 1 <= batch <= samples:
        raise ValueError(f"a batch holds 1 to {samples} samples, not {batch}")
    some_x = np.empty((len(rngs), batch, *x.shape[1:]), dtype=x.dtype)
    some_labels = np.empty((len(rngs), batch), dtype=labels.dtype)
    while True:
        order = np.stack([rng.permutation(samples) for rng in rngs])
        for start in range(0, samples - batch + 1, batch):
            chosen = order[:, start : start + batch]
            # mode="clip": NumPy writes into `out` without a buffer; every index is in range
            np.take(x, chosen, axis=0, out=some_x, mode="clip")
            np.take(labels, chosen, axis=0, out=some_labels, mode="clip")
            yield some_x, some_labels


def batches_of_two_classes(
    x: np.ndarray, labels: np.ndarray, batch: int, rngs: Sequence[np.random.Generator]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mini-batches without end, each of two random classes and as many random images of either.

    Parameters, shapes and what is yielded are those of `batches`; classes are equally large.
    """
    of = np.stack([np.flatnonzero(labels == one) for one in np.unique(labels)])
    while True:
        chosen = []
        for rng in rngs:
            pair = rng.choice(len(of), 2, replace=False)
            chosen.append(np.concatenate([rng.choice(of[one], batch // 2) for one in pair]))
        yield x[chosen], labels[chosen]


def batches_by_class(
    x: np.ndarray, labels: np.ndarray, batch: int, rngs: Sequence[np.random.Generator]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mini-batches of data that are sorted by class, as in a file that nobody shuffled.

    Each run has one order within the classes, the same in all epochs. Parameters and what is
    yielded as of `batches`, but new arrays each time.
    """
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    order = np.stack([np.concatenate([rng.permutation(one) for one in classes]) for rng in rngs])
    while True:
        for start in range(0, len(labels) - batch + 1, batch):
            chosen = order[:, start : start + batch]
            yield x[chosen], labels[chosen]


def batches_of_a_teacher(
    batch: int, features: int, classes: int, noise: float, rngs: Sequence[np.random.Generator]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mini-batches without end of new Gaussian samples, labelled by a random linear teacher.

    A share `noise` of the labels is random instead. Yields float64 x and labels, as `batches` does;
    each run has a teacher of its own.
    """
    teachers = normal(rngs, features, classes)[:, None]
    shape = (50, batch)  # batches drawn at once, so that drawing costs little
    while True:
        x = normal(rngs, *shape, features)
        random = np.stack([rng.integers(classes, size=shape) for rng in rngs])
        noisy = np.stack([rng.random(shape) for rng in rngs]) < noise
        labels = np.where(noisy, random, np.argmax(x @ teachers, axis=3))
        yield from zip(x.swapaxes(0, 1), labels.swapaxes(0, 1), strict=True)


def batches_of_each(
    x: np.ndarray, labels: np.ndarray, batch: int, rngs: Sequence[np.random.Generator]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Shuffled mini-batches without end, where every run has samples of its own.

    x is (run, sample, feature) and labels (run, sample). Otherwise as `batches`, but new arrays
    each time.
    """
    samples = labels.shape[1]
    while True:
        order = np.stack([rng.permutation(samples) for rng in rngs])
        for first in range(0, samples - batch + 1, batch):
            chosen = order[:, first : first + batch]
            some = np.take_along_axis(x, chosen[:, :, None], axis=1)
            yield some, np.take_along_axis(labels, chosen, axis=1)
