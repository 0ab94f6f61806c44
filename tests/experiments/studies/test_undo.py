"""The study of undoing says what its page says, and notices a normalization that can be undone."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.engine.standardize import Standardize
from experiments.studies import undo
from tests import quick


@pytest.fixture(scope="module")
def results() -> xr.Dataset:
    return quick.results("undo")


def test_the_two_lost_parts_make_up_the_error(results: xr.Dataset) -> None:
    """(y − x)² has the mean (1 − σ_B)² + μ_B² over every batch: exact, in every run."""
    parts = results["mean_part"] + results["scale_part"]
    assert parts.values == pytest.approx(results["error"].values, rel=1e-12)


def test_errors_of_gaussian_inputs_follow_the_closed_forms(results: xr.Dataset) -> None:
    # 2,048 batches of two, whose squared errors scatter by more than their mean: a standard error
    # of 3 %.
    gaussian = results.sel(distribution="gaussian").mean("run")
    assert gaussian["error"].values == pytest.approx(results["error_theory"].values, rel=0.12)
    assert gaussian["best_error"].values == pytest.approx(
        results["best_error_theory"].values, rel=0.12
    )
    assert gaussian["best_gamma"].sel(batch=2).item() == pytest.approx(1 / np.sqrt(np.pi), rel=0.12)


def test_the_error_of_large_batches_goes_by_the_kurtosis(results: xr.Dataset) -> None:
    at = results.sel(batch=256)
    assert at["error"].mean("run").values == pytest.approx(at["error_large_batch"].values, rel=0.1)


def test_the_best_gamma_and_beta_are_never_worse(results: xr.Dataset) -> None:
    assert (results["best_error"] <= results["error"] + 1e-12).all()


def test_fixed_statistics_are_undone_if_gamma_holds_epsilon(results: xr.Dataset) -> None:
    assert results["fixed_error"].sel(gamma="root").max() < undo.ROUND_OFF
    by_sigma = results["fixed_error"].sel(gamma="sigma")
    expected = results["fixed_error_theory"].broadcast_like(by_sigma).transpose(*by_sigma.dims)
    assert by_sigma.values == pytest.approx(expected.values, abs=1e-12)


def test_a_layer_that_keeps_the_batch_statistics_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forward(self, params, state, x, training, buffers=None):
        fixed = (x - undo.MEAN) / undo.STD
        return fixed, {"xhat": fixed}, state

    monkeypatch.setattr(Standardize, "forward", forward)
    broken = quick.points("undo")["batch-008-runs-00"]()
    cases = undo.CLAIMS["gamma-beta-undo-it"].cases
    case = next(case for case in cases if "m = 8," in case.when)
    assert case.rule(case.measure(broken)) is True
    assert case.rule(case.measure(quick.results("undo"))) is False
