"""Which samples are taken, and in what precision."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data.samples import BUNDLED, Samples, load

TEN = Samples(np.arange(10, dtype=np.float32)[:, None], np.arange(10))


def test_a_spread_holds_both_ends() -> None:
    assert TEN.spread(4).labels.tolist() == [0, 3, 6, 9]
    assert TEN.spread(3).x.ravel().tolist() == [0, 4, 9]
    assert TEN.spread(10).labels.tolist() == list(range(10))


@pytest.mark.parametrize("count", [1, 3, 4, 6, 10])
def test_evenly_gives_as_many_as_were_asked_for(count: int) -> None:
    labels = TEN.evenly(count).labels
    assert len(labels) == count and np.ptp(np.diff([*labels, 10])) <= 1


def test_more_samples_than_there_are_is_told() -> None:
    with pytest.raises(ValueError, match="there are 10 samples, and not 11"):
        TEN.evenly(11)


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


@pytest.mark.parametrize("data", BUNDLED)
def test_standardized_inputs_have_mean_zero_and_deviation_one_in_training(data: str) -> None:
    """One mean and one deviation of all pixels of the training images, for the test images too."""
    raw, standard = (load(data, inputs, side=7) for inputs in ("raw", "standardized"))
    assert standard.train.x.mean() == pytest.approx(0, abs=1e-6)
    assert standard.train.x.std() == pytest.approx(1, rel=1e-6)
    slope = raw.train.x.std(dtype=float)
    assert standard.test.x * slope + raw.train.x.mean(dtype=float) == pytest.approx(
        raw.test.x, abs=1e-6
    )


def test_data_sets_by_name() -> None:
    assert not np.array_equal(load("digits", side=7).train.x, load("clothes", side=7).train.x)
    with pytest.raises(ValueError, match="no data set 'shoes'; there are: digits, clothes"):
        load("shoes")
