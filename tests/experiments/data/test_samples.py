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
