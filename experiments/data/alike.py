"""Batches that are more or less alike, by the labels in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

KINDS = ("one batch", "balanced", "random", "two digits", "one digit")  # the most alike first


def indices(
    kind: str, labels: np.ndarray, batch: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Which samples are in each batch, without end.

    Parameters
    ----------
    kind : str
        "one batch": one balanced batch, for ever. "balanced": the same number of each label in
        every batch. "random": in random order. "two digits": of two labels, paired anew in every
        epoch, batches in random order. "one digit": of one label, batches in random order. In all
        but the first every sample comes at most once an epoch, and the rest that fills no batch is
        left out.
    labels : ndarray, shape (sample,)
    batch : int
        Samples a batch.
    rng : Generator

    Yields
    ------
    ndarray, shape (batch,)
    """
    of_label = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if kind == "one batch":
        chosen = balanced(labels, batch, rng)
        while True:
            yield chosen
    while True:
        if kind == "balanced":
            share = batch // len(of_label)
            columns = [cut(rng.permutation(samples), share) for samples in of_label]
            epoch = [np.concatenate(parts) for parts in zip(*columns, strict=True)]
        elif kind == "random":
            epoch = cut(rng.permutation(len(labels)), batch)
        else:
            size = 2 if kind == "two digits" else 1
            groups = rng.permutation(len(of_label)).reshape(-1, size)
            together = [np.concatenate([of_label[k] for k in group]) for group in groups]
            epoch = [part for group in together for part in cut(rng.permutation(group), batch)]
            epoch = [epoch[k] for k in rng.permutation(len(epoch))]
        yield from epoch


def drawn(
    kind: str, labels: np.ndarray, batch: int, rngs: Sequence[np.random.Generator]
) -> Iterator[np.ndarray]:
    """The same for many runs, each with a generator of its own: (run, batch)."""
    each = [indices(kind, labels, batch, rng) for rng in rngs]
    return map(np.stack, zip(*each, strict=True))


def cut(samples: np.ndarray, size: int) -> list[np.ndarray]:
    """Consecutive pieces of one size; what is left over is left out."""
    return [samples[start : start + size] for start in range(0, len(samples) - size + 1, size)]


def balanced(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """As many samples of each label, drawn at random, `count` in all."""
    kinds = np.unique(labels)
    each = count // len(kinds)
    drawn = [rng.choice(np.flatnonzero(labels == kind), each, replace=False) for kind in kinds]
    return np.concatenate(drawn)
