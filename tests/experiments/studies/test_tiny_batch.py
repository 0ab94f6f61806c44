"""The study of tiny batches measures what its page says, and notices a wrong distribution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.studies import tiny_batch
from experiments.theory import transform as theory
from tests import quick


@pytest.fixture(scope="module")
def results() -> xr.Dataset:
    return quick.results("tiny_batch")


def test_two_values_become_a_sign_and_pass_no_gradient(results: xr.Dataset) -> None:
    pair = results.sel(batch=2)
    assert pair["size_spread"].max() < 1e-12 and pair["passed"].max() < 1e-12
    rest = results.sel(batch=slice(3, None))
    expected = 1 - theory.removed_share(rest["batch"].values)
    assert rest["passed"].mean("run").values == pytest.approx(expected, abs=0.03)


def test_outliers_follow_the_formula_and_stay_within_the_bound(results: xr.Dataset) -> None:
    # Of values up to √1023, at distances up to 1,000.
    assert np.abs(results["outlier"] - results["outlier_theory"]).max() < 1e-11
    assert (results["outlier"] <= results["bound"] * (1 + 1e-12)).all()
    assert (results["outlier"] / results["bound"]).max() > 0.999


def test_the_test_of_the_distribution_can_fail(
    results: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against that of one sample more, or with ε in the way, the statistic exceeds its level."""
    assert (results["kolmogorov"] < tiny_batch.KOLMOGOROV).all()
    point, right = quick.points("tiny_batch")["distribution-003"], theory.normalized_cdf
    with monkeypatch.context() as patch:
        patch.setattr(theory, "normalized_cdf", lambda x, m: right(x, m + 1))
        assert point()["kolmogorov"].item() > tiny_batch.KOLMOGOROV
    with monkeypatch.context() as patch:
        patch.setattr(tiny_batch, "NETWORK", Network((Standardize(replace(PYTORCH, eps=0.1)),)))
        assert point()["kolmogorov"].item() > tiny_batch.KOLMOGOROV


def test_the_film_shows_the_closed_form(results: xr.Dataset) -> None:
    width = float(results["bin"][1] - results["bin"][0])
    inside = results["film_theory"].sum("bin") * width
    assert inside.values == pytest.approx(np.ones(inside.size), abs=1e-4)
    assert np.abs(results["film_histogram"] - results["film_theory"]).mean() < 0.03
