"""Starts differ in nothing but γ and β, frozen means frozen, and what is said of the start is what theory says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.measures import sigmoid
from experiments.studies import gamma_beta_sweep as study
from tests import quick

SETUP = replace(study.QUICK, hidden=(8, 8), gammas=(0.3, 1.0), betas=(0.0, 2.0), spiral_steps=12, digit_steps=12, averaged=5,
                runs=3, start_gammas=1, start_betas=(0.0,), start_batch=20)  # fmt: skip


def _point(
    part: str = "training",
    task: str = "digits",
    trained: bool = True,
    first: int = 0,
    last: int = 3,
) -> study.Point:
    return study.Point(part, task, trained, first, last, SETUP)


@pytest.mark.parametrize("part", ["training", "start"])
def test_a_run_does_not_depend_on_its_group(part: str) -> None:
    together, alone = study.run(_point(part)), study.run(_point(part, first=1, last=2))
    for name in alone.data_vars:
        values = together[name].sel(run=[1]) if "run" in together[name].dims else together[name]
        assert np.array_equal(values, alone[name]), name


def test_a_start_does_not_depend_on_the_rest_of_the_grid() -> None:
    alone = study.run(replace(_point(), setup=replace(SETUP, gammas=(1.0,), betas=(2.0,))))
    assert np.array_equal(study.run(_point())["loss"].sel(gamma=[1.0], beta=[2.0]), alone["loss"])


def test_starts_share_weights_and_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    real = study.train

    def spy(network, params, state, batches, *rest):
        batches = iter(batches)
        seen["x"], seen["labels"] = (a.copy() for a in next(batches))
        seen["params"] = params
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    study.run(_point())
    starts = [(gamma, beta) for gamma in SETUP.gammas for beta in SETUP.betas]
    for k, (gamma, beta) in enumerate(starts):
        of_start = slice(3 * k, 3 * k + 3)
        assert np.array_equal(seen["x"][of_start], seen["x"][:3]) and np.array_equal(
            seen["labels"][of_start], seen["labels"][:3]
        )
        for layer in seen["params"]:
            if "weight" in layer:
                assert np.array_equal(layer["weight"][of_start], layer["weight"][:3])
            if "gamma" in layer:
                assert (layer["gamma"][of_start] == np.float32(gamma)).all() and (
                    layer["beta"][of_start] == np.float32(beta)
                ).all()
    assert not np.array_equal(seen["x"][0], seen["x"][1])


@pytest.mark.parametrize("trained", [False, True])
def test_frozen_means_frozen(monkeypatch: pytest.MonkeyPatch, trained: bool) -> None:
    moved = []
    real = study._evaluate

    def spy(network, moment, *rest):
        moved.extend(
            (layer["gamma"] != 1).any() and (layer["beta"] != 0).any()
            for layer in moment.params
            if "gamma" in layer
        )
        return real(network, moment, *rest)

    monkeypatch.setattr(study, "_evaluate", spy)
    study.run(replace(_point(trained=trained), setup=replace(SETUP, gammas=(1.0,), betas=(0.0,))))
    assert moved == [trained] * len(SETUP.hidden)


def test_the_start_is_what_theory_says() -> None:
    results = quick.results("gamma_beta_sweep").sel(start_beta=0.0)
    for name, tolerance in (("saturated", 0.05), ("gain", 0.1)):
        measured, theory = results[name].mean("run"), results[f"{name}_theory"]
        assert np.abs(measured - theory).max() < tolerance, name
    assert float(results["gain_theory"].sel(start_gamma=1.0)) == pytest.approx(
        float(sigmoid.gain_gaussian(1.0, 0.0))
    )


def test_saturation_by_gamma_lets_gradients_through_and_by_beta_does_not() -> None:
    first = quick.results("gamma_beta_sweep")["first_gradient"].mean("run")
    usual = float(first.sel(start_gamma=1.0, start_beta=0.0))
    assert (
        float(first.sel(start_gamma=10.0, start_beta=0.0))
        > usual
        > 3 * float(first.sel(start_gamma=1.0, start_beta=4.0))
    )


def test_from_gamma_zero_nothing_below_the_output_moves() -> None:
    results = quick.results("gamma_beta_sweep")
    assert results["zero_change"].values.tolist() == [0.0] * study.QUICK.runs
    assert results["zero_accuracy"].values == pytest.approx(0.1)
