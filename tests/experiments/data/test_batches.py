"""Batches are shuffled without replacement; a run's depend on its own generator only."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data.batches import (
    batches,
    batches_by_class,
    batches_of_a_teacher,
    batches_of_each,
    batches_of_two_classes,
)
from experiments.runs import normal

X = np.arange(20, dtype=np.float32).reshape(10, 2)
LABELS = np.arange(10)


def _rngs(*seeds: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in seeds]


def _take(count: int, *seeds: int, batch: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    stream = batches(X, LABELS, batch, _rngs(*seeds))
    return [(x.copy(), labels.copy()) for x, labels in (next(stream) for _ in range(count))]


def test_an_epoch_holds_every_sample_once_and_the_next_has_another_order():
    taken = [labels for _, labels in _take(4, 1, 2)]
    for run in range(2):
        first, second = (
            np.concatenate([t[run] for t in taken[:2]]),
            np.concatenate([t[run] for t in taken[2:]]),
        )
        assert sorted(first) == sorted(second) == LABELS.tolist()
        assert first.tolist() != second.tolist()
    assert taken[0][0].tolist() != taken[0][1].tolist()


def test_images_and_labels_stay_together():
    for x, labels in _take(4, 3):
        np.testing.assert_array_equal(x[..., 0], 2 * labels)


def test_a_run_alone_gets_the_batches_it_gets_among_others():
    for (together, _), (alone, _) in zip(
        _take(5, 1, 2, 3, batch=3), _take(5, 2, batch=3), strict=True
    ):
        assert together[1].tobytes() == alone[0].tobytes()


def test_every_batch_is_full_and_the_rest_of_an_epoch_is_left_out():
    taken = [labels[0] for _, labels in _take(4, 1, batch=3)]
    assert {len(labels) for labels in taken} == {3}
    assert len(set(np.concatenate(taken[:3]).tolist())) == 9


def test_buffers_are_reused():
    stream = batches(X, LABELS, 5, _rngs(1))
    assert next(stream)[0] is next(stream)[0]


@pytest.mark.parametrize("batch", [0, 11])
def test_a_batch_that_cannot_be_filled_is_refused(batch):
    with pytest.raises(ValueError, match=f"1 to 10 samples, not {batch}"):
        next(batches(X, LABELS, batch, _rngs(1)))


def test_batches_of_two_classes_hold_halves_and_depend_on_the_run_alone():
    x, labels = np.arange(50.0)[:, None], np.repeat(np.arange(10), 5)
    some_x, some_labels = next(batches_of_two_classes(x, labels, 8, _rngs(1, 2, 3)))
    for run, of in zip(some_x, some_labels, strict=True):
        assert len(set(of[:4])) == len(set(of[4:])) == 1 and of[0] != of[4]
        np.testing.assert_array_equal(run[:, 0] // 5, of)
    alone, _ = next(batches_of_two_classes(x, labels, 8, _rngs(3)))
    np.testing.assert_array_equal(alone[0], some_x[2])


def test_unshuffled_data_come_class_by_class_and_alike_in_every_epoch() -> None:
    labels = np.repeat([1, 0, 2], 6)
    x = np.arange(18.0)[:, None]
    stream = batches_by_class(x, labels, 3, _rngs(0, 1))
    drawn = [next(stream) for _ in range(12)]
    for k, (images, found) in enumerate(drawn):
        assert (found == (k % 6) // 2).all()
        assert np.array_equal(labels[images[..., 0].astype(int)], found)
        assert np.array_equal(images, drawn[k % 6][0])
    assert sorted(np.concatenate([images[0, :, 0] for images, _ in drawn[:6]])) == list(range(18))
    assert not np.array_equal(drawn[0][0][0], drawn[0][0][1])


@pytest.mark.parametrize(("noise", "right"), [(0.0, 1.0), (1.0, 0.25)])
def test_labels_are_a_teachers_or_random(noise: float, right: float) -> None:
    teachers = normal(_rngs(1, 2), 6, 4)
    x, labels = next(batches_of_a_teacher(2000, 6, 4, noise, _rngs(1, 2)))
    same = (labels == (x @ teachers).argmax(axis=2)).mean(axis=1)
    assert same == pytest.approx([right, right], abs=0.04)


def test_runs_with_samples_of_their_own_pass_through_them_in_every_epoch() -> None:
    x = np.arange(24.0).reshape(2, 12, 1)
    labels = x[..., 0].astype(int)
    stream = batches_of_each(x, labels, 5, _rngs(1, 2))  # two samples are left out of each epoch
    for _ in range(3):
        (some, found), (more, _) = next(stream), next(stream)
        assert np.array_equal(some[..., 0], found)
        both = np.concatenate([some, more], axis=1)[..., 0]
        for run in range(2):
            assert len(set(both[run])) == 10 and set(both[run]) <= set(labels[run])
    alone, _ = next(batches_of_each(x[1:], labels[1:], 5, _rngs(2)))
    together, _ = next(batches_of_each(x, labels, 5, _rngs(1, 2)))
    np.testing.assert_array_equal(alone[0], together[1])
