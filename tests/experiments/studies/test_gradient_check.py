"""The check of the gradient says what its page says, and notices a wrong derivative."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.engine.standardize import Standardize
from experiments.studies import gradient_check
from tests import quick


@pytest.fixture(scope="module")
def results() -> xr.Dataset:
    return quick.results("gradient_check")


def bias_is_redundant(results: xr.Dataset) -> list[bool | None]:
    return gradient_check.CLAIMS["bias-is-redundant"].outcomes(results)


def test_differences_are_of_second_order(results: xr.Dataset) -> None:
    """Ten times the step, a hundred times the error, where truncation rules; the bias has none."""
    error = results["difference_error"].median("run")
    step = error["difference_step"]
    coarse = error.where((step > 9e-4) & (step < 2e-1), drop=True)
    by_step = coarse.transpose("difference_step", "parameter")
    slopes = np.polyfit(np.log10(coarse["difference_step"]), np.log10(by_step), 1)[0]
    for parameter, slope in zip(coarse["parameter"].values, slopes, strict=True):
        if parameter != "bias":
            assert slope == pytest.approx(2, abs=0.1), parameter
    assert error.sel(parameter="bias").isel(difference_step=-1) < 1e-13


@pytest.mark.parametrize("missing", ["mean", "variance"])
def test_a_backward_pass_without_a_route_is_noticed(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def backward(self, params, saved, dy, buffers=None):
        xhat = saved["xhat"]
        through = {
            "variance": dy.mean(axis=1, keepdims=True),
            "mean": xhat * (dy * xhat).mean(axis=1, keepdims=True),
        }
        return saved["inv_std"][:, None, :] * (dy - through[missing]), {}

    monkeypatch.setattr(Standardize, "backward", backward)
    broken = quick.points("gradient_check")["differences-runs-00"]()
    assert broken["difference_error"].sel(parameter="input").min("difference_step").median() > 1e-4
    if missing == "mean":
        assert bias_is_redundant(broken)[0] is False


def test_a_bias_in_front_is_taken_away(results: xr.Dataset) -> None:
    assert bias_is_redundant(results) == [True, True]


def test_the_shortcut_is_off_by_two_directions(results: xr.Dataset) -> None:
    share = results["statistics_share"].mean("run")
    assert share.values == pytest.approx(results["statistics_share_theory"].values, rel=0.15)
    assert results["statistics_share"].sel(batch=2).values == pytest.approx(1)
