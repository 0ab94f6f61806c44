"""Batches and orders are biased as they say."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data.biased import biased_batches, biased_order

LABELS = np.repeat(np.arange(10), 20)


@pytest.mark.parametrize("classes", [10, 2, 1])
def test_a_batch_holds_as_many_classes_as_it_says(classes: int) -> None:
    x, seen = np.arange(len(LABELS))[:, None], set()
    rngs = [np.random.default_rng(s) for s in (1, 2)]
    stream = biased_batches(x, LABELS, 16, classes, rngs)
    for _ in range(30):
        samples, labels = next(stream)
        for run in range(2):
            found, counts = np.unique(labels[run], return_counts=True)
            assert len(np.unique(samples[run])) == 16  # no sample twice
            assert (LABELS[samples[run, :, 0]] == labels[run]).all()
            if classes < 10:
                assert len(found) == classes and (counts == 16 // classes).all()
            seen |= set(found)
        assert not np.array_equal(samples[0], samples[1])
    assert seen == set(range(10))


def test_an_order_is_composed_in_the_same_way() -> None:
    rng = np.random.default_rng(0)
    for classes in (1, 2):
        order = biased_order(LABELS, 8, classes, rng)
        assert len(set(order)) == len(order) == {1: 160, 2: 200}[classes]
        for batch in LABELS[order].reshape(-1, 8):
            assert len(set(batch)) == classes
    assert sorted(biased_order(LABELS, 8, 10, rng)) == list(range(200))
