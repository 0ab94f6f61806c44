"""The anatomy study says what its page says."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.studies import anatomy
from tests import quick


@pytest.fixture(scope="module")
def results() -> xr.Dataset:
    return quick.results("anatomy")


def test_the_worked_example(results: xr.Dataset) -> None:
    std = results["example_std"].to_series()
    assert std["input"] == pytest.approx(np.sqrt(1.25))
    assert std["times two plus three, without normalizing"] == pytest.approx(2 * np.sqrt(1.25))
    assert std["over the standard deviation"] == pytest.approx(1)
    assert std["times two plus three"] == pytest.approx(2)
    normalized = results["example"].sel(stage="over the standard deviation").values
    assert normalized == pytest.approx(np.array([-3, -1, 1, 3]) / np.sqrt(5))


def test_epsilon(results: xr.Dataset) -> None:
    at = results["normalized_std"].sel(sigma=0.01, method="nearest")
    assert at.sel(eps=1e-5).values == pytest.approx(np.sqrt(1e-4 / (1e-4 + 1e-5)))
    assert at.sel(eps=1e-3).values == pytest.approx(np.sqrt(1e-4 / (1e-4 + 1e-3)))


def test_the_sweep_follows_gamma(results: xr.Dataset) -> None:
    """The output's spread and the gradient to the input go by |γ|; the gradient of γ does not."""
    one = results.sel(gamma=1.0)
    for name in ("output_std", "input_gradient"):
        expected = np.abs(results["gamma"]) * one[name]
        assert results[name].values == pytest.approx(expected.values, abs=1e-12)
    constant = one["gamma_gradient"].broadcast_like(results["gamma_gradient"])
    xr.testing.assert_allclose(results["gamma_gradient"], constant, rtol=1e-12)
    assert results["output_mean"].values == pytest.approx(anatomy.BETA)


def test_gamma_zero_lets_nothing_through_and_learns(results: xr.Dataset) -> None:
    assert anatomy.CLAIMS["zero-gamma-is-dead"].outcomes(results) == [True, False]
