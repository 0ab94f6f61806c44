"""Shares of units by hand: those whose minima are alike, and those that training takes there."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.studies import unit_minima


@pytest.fixture
def results() -> xr.Dataset:
    """Two networks of three units: in the first all have a minimum, in the second one has."""
    lowest = np.full((1, 2, 3, 2), np.nan)
    lowest[0, 0] = [[2.0, 0.0], [2.0, 0.5], [5.0, 0.0]]
    lowest[0, 1, 0] = [2.0, 0.0]
    last = np.array([[1.95, 0.0], [1.0, 0.0], [1.0, 0.0]])
    path = np.broadcast_to(last, (1, 1, 2, 3, 2))
    return xr.Dataset(
        {
            "minimum": (("activation", "run", "unit", "parameter"), lowest),
            "path": (("activation", "step", "run", "unit", "parameter"), path),
        },
        {"activation": ["tanh"], "step": [0], "parameter": ["gamma", "beta"]},
    )


def test_pairs_that_are_alike(results: xr.Dataset) -> None:
    """The first two are 0.5 apart, one pair of three; a unit without a minimum is like none."""
    assert unit_minima.alike(results, "tanh").values == pytest.approx([1 / 3, 0])


def test_units_that_arrive(results: xr.Dataset) -> None:
    """The first ends 0.05 from a minimum that is 1 away; a unit without a minimum never arrives."""
    assert unit_minima.reached("tanh")(results).values == pytest.approx([1 / 3, 1 / 3])
