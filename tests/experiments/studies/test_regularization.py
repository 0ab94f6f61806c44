"""Conditions share what they should, and the measures measure what they say."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.studies import regularization
from tests import quick


def test_conditions_share_images_weights_and_batches(monkeypatch) -> None:
    seen = {}

    def spy(net, params, state, stream, optimizer, at, parts):
        batches = [next(stream) for _ in range(3)]
        seen[spy.key] = [params[0]["weight"].copy(), *(a for pair in batches for a in pair)]
        return iter([(step, params, state) for step in sorted(at)])

    monkeypatch.setattr(regularization, "train_in_parts", spy)
    for spy.key, point in regularization.points(regularization.QUICK).items():
        regularization.run(point)
    first = seen["none-1"]
    assert not np.array_equal(first[1][0], first[1][1])  # runs have images of their own
    for key, arrays in seen.items():
        assert all(np.array_equal(a, b) for a, b in zip(arrays, first, strict=True)), key


def test_the_gap_at_a_level_is_read_between_two_readings() -> None:
    """Training loss 1.2, 0.6, 0.15: 0.3 is half-way between the last two on a logarithmic scale."""
    loss = np.array([[[1.2, 0.6, 0.15], [1.3, 0.8, 0.7]], [[1.2, 0.9, 0.5], [1.3, 1.0, 0.9]]])
    results = xr.Dataset(
        {"loss": (("condition", "run", "set", "epoch"), loss[None])}, coords={"condition": ["a"]}
    )
    found = regularization.gap_at_level(results, "a")
    assert found == pytest.approx(
        [0.75 - 0.3, 0.9 - 0.5]
    )  # the second run never gets there: its end


def test_losses_fall_and_start_at_what_ten_classes_give() -> None:
    loss = quick.results("regularization")["loss"]
    assert (loss.isel(epoch=-1).sel(set="training").mean("run") < loss.isel(epoch=0).sel(set="training").mean("run")).all()  # fmt: skip
    assert float(abs(loss.isel(epoch=0) - np.log(10)).max()) < 1.5
