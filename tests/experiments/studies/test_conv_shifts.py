"""Statistics of channels keep shifts, those of pixels break them, those of rows are noticed."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.standardize import Standardize
from experiments.studies.conv_shifts import ROUND_OFF
from tests import quick


def test_channels_keep_shifts_and_pixels_break_them() -> None:
    error = quick.results("conv_shifts")["shift_error"]
    assert (error.sel(statistics=["channel", "none"]) < ROUND_OFF).all()
    assert (error.sel(statistics="pixel", move=["one", "evaluation"]) > 0.1).all()
    assert (error.sel(statistics="pixel", move="all") < ROUND_OFF).all()


def test_parameters_belong_to_channels() -> None:
    parameters = quick.results("conv_shifts")["parameters"]
    assert (parameters.sel(shared_by="channel") == 2).all()
    assert (parameters.sel(shared_by="pixel") == 2 * parameters["side"] ** 2).all()


def test_statistics_of_rows_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mean for each row of a channel does not move along when the picture moves up or down."""

    def mean(x):
        return x.mean(axis=(1, 4) if x.ndim == 5 else 1, keepdims=True)

    def forward(self, params, state, x, training, buffers=None):
        mu = mean(x)
        return (x - mu) / np.sqrt(mean(np.square(x - mu)) + 1e-5), {"x": x}, state

    monkeypatch.setattr(Standardize, "forward", forward)
    broken = quick.points("conv_shifts")["shift"]()
    assert broken["shift_error"].sel(statistics="channel", move="one").min() > 1e-3
