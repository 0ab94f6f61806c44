"""Batches are what they are called."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from experiments.data import alike

LABELS = np.random.default_rng(1).permutation(np.repeat(np.arange(10), 40))


def batches(kind: str, count: int, batch: int = 20, seed: int = 0) -> list[np.ndarray]:
    drawn = alike.indices(kind, LABELS, batch, np.random.default_rng(seed))
    return [chosen.copy() for chosen in islice(drawn, count)]


@pytest.mark.parametrize("kind", alike.KINDS[1:])
def test_no_sample_comes_twice_in_an_epoch_and_epochs_differ(kind: str) -> None:
    drawn = batches(kind, 40)
    first, second = np.concatenate(drawn[:20]), np.concatenate(drawn[20:])
    assert sorted(first) == sorted(second) == list(range(400))
    assert not np.array_equal(first, second)


def test_batches_hold_the_labels_that_their_kind_says() -> None:
    one = batches("one batch", 5)
    assert all(np.array_equal(one[0], other) for other in one) and len(set(one[0])) == 20
    for kind in ("one batch", "balanced"):
        for chosen in batches(kind, 30):
            assert (np.bincount(LABELS[chosen], minlength=10) == 2).all()
    for kind, many in (("two digits", 2), ("one digit", 1)):
        assert {len(set(LABELS[chosen])) for chosen in batches(kind, 20)} == {many}
    assert np.mean([len(set(LABELS[chosen])) for chosen in batches("random", 20)]) > 6


def test_batches_of_one_digit_do_not_come_digit_by_digit() -> None:
    digits = [LABELS[chosen][0] for chosen in batches("one digit", 20)]
    assert sum(a != b for a, b in pairwise(digits)) > 12
