"""The anatomy study says what its page says, and notices a wrong derivative."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.standardize import Standardize
from experiments.studies import anatomy
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("anatomy")


def measured(results, claim_id: str) -> list:
    claim = next(claim for claim in anatomy.CLAIMS if claim.id == claim_id)
    return [case.holds(case.measure(results)) for case in claim.cases]


def test_the_worked_example(results) -> None:
    std = results["example_std"].to_series()
    assert std["input"] == pytest.approx(np.sqrt(1.25))
    assert std["times two plus three, without normalizing"] == pytest.approx(2 * np.sqrt(1.25))
    assert std["over the standard deviation"] == pytest.approx(1) and std[
        "times two plus three"
    ] == pytest.approx(2)
    assert results["example"].sel(stage="over the standard deviation").values == pytest.approx(
        np.array([-3, -1, 1, 3]) / np.sqrt(5)
    )


def test_epsilon(results) -> None:
    at = results["normalized_std"].sel(sigma=0.01, method="nearest")
    assert at.sel(eps=1e-5).values == pytest.approx(np.sqrt(1e-4 / (1e-4 + 1e-5)))
    assert at.sel(eps=1e-3).values == pytest.approx(np.sqrt(1e-4 / (1e-4 + 1e-3)))


def test_differences_are_of_second_order(results) -> None:
    """Ten times the step, a hundred times the error, where truncation rules; the bias has none."""
    error = results["difference_error"].median("run")
    coarse = error.where(
        (error["difference_step"] > 9e-4) & (error["difference_step"] < 2e-1), drop=True
    )
    slopes = np.polyfit(
        np.log10(coarse["difference_step"]),
        np.log10(coarse.transpose("difference_step", "parameter")),
        1,
    )[0]
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
        through = (
            dy.mean(axis=1, keepdims=True)
            if missing == "variance"
            else xhat * (dy * xhat).mean(axis=1, keepdims=True)
        )
        return saved["inv_std"][:, None, :] * (dy - through), {}

    monkeypatch.setattr(Standardize, "backward", backward)
    broken = anatomy.run(quick.points("anatomy")["differences"])
    assert broken["difference_error"].sel(parameter="input").min("difference_step").median() > 1e-4
    if missing == "mean":
        assert measured(broken, "bias-is-redundant")[0] is False


def test_a_bias_in_front_is_taken_away_and_gamma_zero_lets_nothing_through(results) -> None:
    assert measured(results, "bias-is-redundant") == [True, True]
    assert measured(results, "zero-gamma-is-dead") == [True, False]


def test_the_shortcut_is_off_by_two_directions(results) -> None:
    share = results["statistics_share"].mean("run")
    assert share.values == pytest.approx(results["statistics_share_theory"].values, rel=0.15)
    assert results["statistics_share"].sel(batch=2).values == pytest.approx(1)
