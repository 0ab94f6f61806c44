"""Frozen means frozen, starts are computed side by side as if alone, and the lag is a distance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.runs import Runs
from experiments.studies import gamma_beta_training as study
from experiments.training import Samples, start

SETUP = replace(
    study.QUICK,
    hidden=(8, 8),
    gammas=(0.3, 1.0),
    betas=(0.0, 2.0),
    digit_steps=12,
    averaged=5,
    runs=3,
)


def run(affine: str = "trained", **changes) -> xr.Dataset:
    return study.points(replace(SETUP, **changes))[f"digits-{affine}"]()


def test_a_start_does_not_depend_on_the_rest_of_the_grid() -> None:
    alone = run(gammas=(1.0,), betas=(2.0,))
    assert np.array_equal(run()["loss"].sel(gamma=[1.0], beta=[2.0]), alone["loss"])


@pytest.mark.parametrize("affine", study.AFFINE)
def test_frozen_means_frozen(monkeypatch: pytest.MonkeyPatch, affine: str) -> None:
    moved, real = [], study.lag

    def spy(model, samples):
        layers = [layer for layer in model.params if "gamma" in layer]
        moved.extend((one["gamma"] != 1).any() and (one["beta"] != 0).any() for one in layers)
        return real(model, samples)

    monkeypatch.setattr(study, "lag", spy)
    run(affine, gammas=(1.0,), betas=(0.0,))
    assert moved == [affine == "trained"] * len(SETUP.hidden)


def test_the_lag_is_how_far_running_means_are_away_in_standard_deviations() -> None:
    model = start(Network((Standardize(), Standardize())), Runs(0, 2), features=3)
    model.state[0]["running_mean"][:] = 50  # the first one does not count
    model.state[1]["running_mean"][:] = [[0.5, -0.5, 8], [2, 2, 2]]
    x = np.random.default_rng(0).normal(3, 5, (40, 3)).astype(np.float32)
    found = study.lag(model, Samples(x, np.zeros(40, int)))
    assert found == pytest.approx([0.5, 2], rel=1e-4)
