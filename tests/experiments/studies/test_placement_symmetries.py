"""The study notices what it is there to notice."""

from __future__ import annotations

import pytest

from experiments.engine.standardize import Standardize
from tests import quick

EXACT = (
    "bias, nothing between",
    "weights, nothing between",
    "weights, relu between",
    "absorb, nothing between",
    "absorb, relu between, both scaled",
)


def test_what_is_exact_and_what_is_not() -> None:
    difference = quick.results("placement_symmetries")["difference"]
    assert difference.sizes["change"] == 11
    for change in difference["change"].values:
        values = difference.sel(change=change).values
        assert (values < 1e-12).all() if change in EXACT else (values > 1e-3).all(), change


def test_a_backward_pass_without_its_mean_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_mean(self, params, saved, dy, buffers=None):
        return dy * saved["inv_std"][:, None, :], {}

    monkeypatch.setattr(Standardize, "backward", without_mean)
    results = quick.points("placement_symmetries")["changes"]()
    assert (results["difference"].sel(change="bias, nothing between") > 1e-3).all()
