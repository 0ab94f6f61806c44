"""Shifts are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data.samples import Samples
from experiments.data.shifts import shifted, shifted_samples


def test_shifts_are_what_they_say() -> None:
    rng, x = np.random.default_rng(0), np.random.default_rng(0).random((2000, 9))
    assert shifted(x, "contrast", 0.25, rng) == pytest.approx(x / 4)
    assert shifted(x, "brightness", 0.25, rng) - x == pytest.approx(0.25)
    assert (shifted(x, "noise", 0.2, rng) - x).std() == pytest.approx(0.2, rel=0.02)
    ratio = shifted(x, "own contrast", 0.25, rng) / x
    assert np.ptp(ratio, axis=1).max() < 1e-12
    assert ratio.min() >= 0.25 and ratio.max() <= 1
    assert ratio.mean() == pytest.approx(0.625, abs=0.02)


def test_samples_keep_their_labels_and_their_precision() -> None:
    samples = Samples(np.ones((3, 4), np.float32), np.array([2, 0, 1]))
    found = shifted_samples(samples, "noise", 0.1, np.random.default_rng(0))
    assert found.x.dtype == np.float32 and found.labels is samples.labels
    assert (found.x != 1).all()
