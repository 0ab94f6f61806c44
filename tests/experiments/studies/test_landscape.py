"""Short weights compute the same function, and what is read is what happens along the gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from experiments.studies import landscape as study

SETUP = replace(study.QUICK, hidden=(8, 8), rates=(0.1,), steps=4, readings=3, runs=3)


def run(condition: str, **changes) -> xr.Dataset:
    """The only point of a condition at the only rate."""
    points = study.points(replace(SETUP, **changes)).values()
    (point,) = (point for point in points if point.keywords["condition"] == condition)
    return point()


def test_short_weights_compute_the_same_at_the_start_with_a_larger_gradient() -> None:
    usual, short = (run(c).isel(step=0).squeeze() for c in ("batch norm", study.SHORT))
    assert np.allclose(usual["loss"], short["loss"], rtol=1e-2)
    assert (short["gradient"] > 1.5 * usual["gradient"]).all()


@pytest.mark.parametrize("condition", ["none", "batch norm"])
def test_along_short_steps_the_loss_falls_as_a_line(condition: str) -> None:
    """L(x − s g) = L(x) − s‖g‖² + O(s²): highest at the shortest step, lowest at the longest."""
    rate = 1e-3
    found = run(condition, rates=(rate,))
    for name, multiple in (("highest", SETUP.multiples[0]), ("lowest", SETUP.multiples[-1])):
        fallen = rate * multiple * np.square(found["gradient"])
        np.testing.assert_allclose(found["loss"] - found[name], fallen, rtol=0.05)
