"""Batches are biased as they say, conditions share them, and in evaluation mode nobody has neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data import mnist
from experiments.studies import non_iid
from tests import quick

LABELS = np.repeat(np.arange(10), 20)


@pytest.mark.parametrize("kind", non_iid.KINDS)
def test_a_batch_holds_as_many_digits_as_its_kind_says(kind: str) -> None:
    digits = non_iid.KINDS[kind]
    x = np.arange(len(LABELS))[:, None]
    stream = non_iid.biased_batches(
        x, LABELS, 16, digits, [np.random.default_rng(s) for s in (1, 2)]
    )
    seen = set()
    for _ in range(30):
        images, labels = next(stream)
        for run in range(2):
            found, counts = np.unique(labels[run], return_counts=True)
            assert len(np.unique(images[run])) == 16  # no image twice
            assert (LABELS[images[run, :, 0]] == labels[run]).all()
            if digits < 10:
                assert len(found) == digits and (counts == 16 // digits).all()
            seen |= set(found)
        assert not np.array_equal(images[0], images[1])
    assert seen == set(range(10))


def test_an_order_of_test_images_is_composed_in_the_same_way() -> None:
    rng = np.random.default_rng(0)
    for digits in (1, 2):
        order = non_iid.composed(LABELS, 8, digits, rng)
        assert len(set(order)) == len(order) == {1: 160, 2: 200}[digits]
        for batch in LABELS[order].reshape(-1, 8):
            assert len(set(batch)) == digits
    assert sorted(non_iid.composed(LABELS, 8, 10, rng)) == list(range(200))


def test_ways_to_normalize_share_weights_and_batches(monkeypatch) -> None:
    seen = {}

    def spy(net, params, state, stream, optimizer, at):
        images, labels = next(stream)
        seen[spy.key] = params[0]["weight"].copy(), images, labels
        return iter([(max(at), params, state)])

    monkeypatch.setattr(non_iid, "train_in_parts", spy)
    for spy.key, point in non_iid.points(non_iid.QUICK).items():
        if point.part == "training":
            non_iid.run(point)
    for key, arrays in seen.items():
        kind = key.removeprefix("none-").removeprefix("batch-norm-").removeprefix("layer-norm-")
        assert all(
            np.array_equal(a, b) for a, b in zip(arrays, seen[f"none-{kind}"], strict=True)
        ), key
    assert mnist.load().test_labels.shape == (1000,)


def test_evaluation_mode_has_no_neighbours() -> None:
    results = quick.results("non_iid")
    assert (results["alone"] == 0).all() and (results["apart"] > 0).all()
