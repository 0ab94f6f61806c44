"""Devices differ as they are said to, and their moments are those of their shards."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies import shards


@pytest.mark.parametrize("k", [1, 2, 3, 8])
def test_shifted_devices_have_the_variance_that_is_named(k: int) -> None:
    offsets = shards.unit_variance(k)
    assert offsets.mean() == pytest.approx(0, abs=1e-15)
    assert offsets.var() == pytest.approx(float(k > 1))


def test_moments_are_those_of_every_shard() -> None:
    x = np.random.default_rng(0).standard_normal((2, 6, 3))
    means, variances = shards.moments(x, [4, 2])
    assert np.array_equal(means[1], x[:, 4:].mean(axis=1))
    assert np.array_equal(variances[0], x[:, :4].var(axis=1))
