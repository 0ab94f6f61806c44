"""Losses start and end where they should, and gaps at a level are those between readings."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.studies import regularization
from tests import quick


def test_the_gap_at_a_level_is_read_between_two_readings() -> None:
    """Training loss 1.2, 0.6, 0.15: 0.3 is half-way between the last two on a logarithmic scale."""
    loss = np.array([[[1.2, 0.6, 0.15], [1.3, 0.8, 0.7]], [[1.2, 0.9, 0.5], [1.3, 1.0, 0.9]]])
    dims = ("condition", "run", "set", "epoch")
    labels = {"condition": ["a"], "set": ["training", "test"]}
    results = xr.Dataset({"loss": (dims, loss[None])}, coords=labels)
    # The second run never gets there: its end.
    expected = [0.75 - 0.3, 0.9 - 0.5]
    assert regularization.gap_at_level(results).values[0] == pytest.approx(expected)


def test_losses_fall_and_start_at_what_ten_classes_give() -> None:
    loss = quick.results("regularization")["loss"]
    training = loss.sel(set="training").mean("run")
    assert (training.isel(epoch=-1) < training.isel(epoch=0)).all()
    assert float(abs(loss.isel(epoch=0) - np.log(10)).max()) < 1.5
