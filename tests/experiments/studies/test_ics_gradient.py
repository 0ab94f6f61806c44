"""The window picks what it says, the linear network has the loss it claims, and stuck is steady."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.runs import Runs
from experiments.studies import ics_gradient as study


def test_the_window_takes_the_readings_inside_or_else_the_closest() -> None:
    loss = np.array([[2.0, 3.0], [1.0, 2.5], [0.5, 2.2], [0.1, 4.0]])  # (step, run)
    cosine = np.array([[0.9, 0.9], [0.8, 0.7], [0.6, 0.5], [0.1, 0.3]])
    results = xr.Dataset(
        {
            "loss": (("case", "norm", "step", "run"), loss[None, None]),
            "cosine": (("case", "norm", "layer", "step", "run"), cosine[None, None, None]),
        },
        {"case": [study.MAIN], "norm": ["none"], "layer": [2], "step": range(4)},
    )
    assert study.WINDOW == (0.4, 1.6)
    found = study.shift(results, "turn", study.EQUAL, "none")
    assert found.values == pytest.approx([0.3, 0.5])


def test_readings_are_those_of_the_case() -> None:
    """Other cases have other steps and layers, which are missing here and not zero."""
    dims = ("case", "norm", "layer", "step", "run")
    cosine = np.full((2, 1, 2, 3, 2), np.nan)
    cosine[0], cosine[1, :, :1, :2] = 0.5, 0.25
    loss = cosine[:, :, 0]
    results = xr.Dataset(
        {"cosine": (dims, cosine), "loss": (("case", "norm", "step", "run"), loss)},
        {"case": ["long", "short"], "norm": ["none"], "layer": [2, 3], "step": [0, 1, 5]},
    )
    read = study.readings(results, "cosine", "short", "none")
    assert read.sizes == {"layer": 1, "step": 2, "run": 2} and (read == 0.25).all()
    assert study.shift(results, "turn", "long", "none").values.tolist() == [0.5, 0.5]


def test_the_linear_network_has_the_same_first_loss_at_both_rates_and_then_less() -> None:
    sizes = {"linear_depth": 2, "linear_width": 3, "linear_samples": 20, "runs": Runs(0, 2)}
    one, other = (study.linear("", "none", rate, (0, 5), **sizes) for rate in (0.001, 0.002))
    assert np.array_equal(one["loss"].sel(step=0), other["loss"].sel(step=0))
    falls = -one["loss"].diff("step"), -other["loss"].diff("step")
    assert (falls[0] > 0).all() and (falls[0] < falls[1]).all()
