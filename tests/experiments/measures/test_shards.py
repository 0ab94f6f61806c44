"""A batch over several devices is that on one, and a device that forgets something is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures import shards

RNG = np.random.default_rng(0)
X, DY = RNG.standard_normal((2, 3, 64, 8))


@pytest.mark.parametrize("sizes", [[64], [32, 32], [8] * 8, [63, 1]])
def test_the_pooled_variance_is_the_whole_batchs(sizes: list[int]) -> None:
    error = shards.pooled_error(X, *moments(X, sizes), sizes)
    assert error.shape == (3,) and (error < 1).all()


@pytest.mark.parametrize("devices", [1, 2, 8, 32])
def test_synchronized_is_one_device(devices: int) -> None:
    for over_bound in shards.against_one_device(X, DY, devices):
        assert over_bound.shape == (3,) and (over_bound < 1).all()


def test_pooling_without_the_variance_of_the_means_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def average(means, variances, counts):
        mean, _, n = combine(means, variances, counts)
        return mean, sum(v * c / n for v, c in zip(variances, counts, strict=True)), n

    combine = shards.combine
    monkeypatch.setattr(shards, "combine", average)
    for devices in (2, 8, 32):
        sizes = [64 // devices] * devices
        assert shards.pooled_error(X, *moments(X, sizes), sizes).min() > 1e6


def moments(x: np.ndarray, sizes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances of shards of these sizes."""
    parts = np.split(x, np.cumsum(sizes)[:-1], axis=1)
    return np.array([p.mean(axis=1) for p in parts]), np.array([p.var(axis=1) for p in parts])
