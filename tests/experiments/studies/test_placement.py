"""The exact part of the study notices what it is there to notice."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.standardize import Standardize
from experiments.studies import placement
from tests import quick

EXACT = (
    "bias, nothing between",
    "weights, nothing between",
    "weights, relu between",
    "absorb, nothing between",
    "absorb, relu between, both scaled",
)


def test_what_is_exact_and_what_is_not() -> None:
    difference = quick.results("placement")["difference"]
    for change in placement.CHANGES:
        values = difference.sel(change=change).values
        assert (values < 1e-12).all() if change in EXACT else (values > 1e-3).all(), change


def test_after_the_nonlinearity_every_batch_has_the_moments_of_gamma_and_beta() -> None:
    results = quick.results("placement")
    after = results["moments"].sel(place="after").transpose("pair", "moment", "run").values
    assert after[:, 0] == pytest.approx(
        np.tile(results["beta"].values[:, None], after.shape[2]), abs=1e-12
    )
    assert after[:, 1] == pytest.approx(
        np.tile(results["gamma"].values[:, None], after.shape[2]), abs=1e-12
    )


def test_a_backward_pass_without_its_mean_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Standardize,
        "backward",
        lambda self, params, saved, dy, buffers=None: (dy * saved["inv_std"][:, None, :], {}),
    )
    results = placement.run(placement.points(placement.QUICK)["exact"])
    assert (results["difference"].sel(change="bias, nothing between") > 1e-3).all()


def test_the_best_rate_is_the_one_with_the_lowest_mean() -> None:
    results = quick.results("placement")
    found = placement.losses(results, "relu", "before", True)
    every = results["loss"].sel(activation="relu", order="before", affine="with")
    assert found.mean() == pytest.approx(float(every.mean("run").min()))
