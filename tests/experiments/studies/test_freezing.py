"""Freezing, and what notices a layer that is frozen in name only."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.standardize import Standardize
from tests import quick


def test_weights_before_the_new_layer_stay_and_the_new_layer_learns() -> None:
    """With everything frozen only the new last layer changes, and its accuracy rises."""
    results = quick.results("freezing")
    frozen = results.sel(way="running, frozen")
    assert (frozen["change"] == 0).all()
    assert (frozen["old_accuracy"] == frozen["old_accuracy"].isel(step=0)).all()
    new = frozen["new_accuracy"].sel(shift="none").mean("run")
    assert new.isel(step=-1) > new.isel(step=0) + 0.2


def test_all_ways_start_from_the_same_network() -> None:
    at_start = quick.results("freezing").isel(step=0)
    for name in ("change", "old_accuracy", "new_accuracy", "left"):
        assert np.ptp(at_start[name].values, axis=1).max() == 0, name
    assert abs(at_start["left"] - 1).max() < 1e-5


def test_running_statistics_that_move_in_evaluation_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forward = Standardize.forward

    def leaky(self, params, state, x, training, buffers=None):
        y, saved, after = forward(self, params, state, x, training, buffers)
        return y, saved, after if training else forward(self, params, state, x, True)[2]

    monkeypatch.setattr(Standardize, "forward", leaky)
    broken = quick.points("freezing")["transfer-runs-00"]()
    assert broken["change"].sel(way="running, frozen", shift="inverted").isel(step=-1).min() > 0.01
