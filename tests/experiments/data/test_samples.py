"""Which samples are taken, and in what precision."""

from __future__ import annotations

import numpy as np

from experiments.data.samples import Samples

TEN = Samples(np.arange(10, dtype=np.float32)[:, None], np.arange(10))


def test_a_spread_holds_both_ends() -> None:
    assert TEN.spread(4).labels.tolist() == [0, 3, 6, 9]
    assert TEN.spread(3).x.ravel().tolist() == [0, 4, 9]
    assert TEN.spread(10).labels.tolist() == list(range(10))


def test_another_precision_keeps_the_labels() -> None:
    wide = TEN.astype(float)
    assert wide.x.dtype == np.float64 and wide.labels is TEN.labels


def test_drawn_samples_are_as_many_of_each_class_and_none_twice() -> None:
    labels = np.repeat([2, 0, 1], 6)
    samples = Samples(np.arange(18, dtype=np.float32)[:, None], labels)
    drawn = samples.drawn(9, np.random.default_rng(0))
    assert np.unique(drawn.labels, return_counts=True)[1].tolist() == [3, 3, 3]
    assert len(set(drawn.x[:, 0])) == 9
    assert np.array_equal(labels[drawn.x[:, 0].astype(int)], drawn.labels)
    again = samples.drawn(9, np.random.default_rng(1))
    assert set(again.x[:, 0]) != set(drawn.x[:, 0])
