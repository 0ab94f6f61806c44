"""The study reads what it says it reads, in pairs, and its comparisons are fair to the network without batch norm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from experiments.studies import ics_distribution as study
from tests import quick

SETUP = replace(
    study.QUICK,
    hidden=(8, 8),
    steps=20,
    sweep_steps=10,
    readings=8,
    probe=50,
    runs=3,
    targets=(0.2, 0.3),
)


def _run(norm: str, first: int = 0, last: int = 3, rate: float = 1.0) -> xr.Dataset:
    return study.run(study.Point(norm, rate, first, last, SETUP))


def test_a_run_does_not_depend_on_its_group() -> None:
    together, alone = _run("batch norm"), _run("batch norm", 1, 2)
    for name in together.data_vars:
        assert np.array_equal(together[name].sel(run=[1]), alone[name]), name


def test_conditions_start_from_the_same_weights_and_see_the_same_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    real = study.train

    def spy(network, params, state, batches, *rest):
        batches = iter(batches)
        x, labels = next(batches)
        weights = [layer["weight"].copy() for layer in params if "weight" in layer]
        seen.append((x.copy(), labels.copy(), weights))
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    for norm, rate in (("none", 1.0), ("batch norm", 1.0), ("none", 0.1)):
        _run(norm, rate=rate)
    for other in seen[1:]:
        assert np.array_equal(seen[0][0], other[0]) and np.array_equal(seen[0][1], other[1])
        assert all(np.array_equal(a, b) for a, b in zip(seen[0][2], other[2], strict=True))


def test_all_rates_are_read_at_the_same_steps_as_far_as_they_go() -> None:
    for setup in (study.QUICK, study.FULL, study.PAPER):
        main = study.reading_steps(setup, setup.rate)
        assert main[0] == 0 and main[-1] == setup.steps
        for rate in setup.rates:
            if rate != setup.rate:
                assert study.reading_steps(setup, rate) == [
                    step for step in main if step <= setup.sweep_steps
                ]


def test_what_enters_the_sigmoid_is_normalized_and_scaled() -> None:
    """Before the first step γ = 1 and β = 0, so the sigmoid's input is the normalized value, and its median unit is 1 wide."""
    result = _run("batch norm").isel(norm=0, rate=0)
    band = result["band"]
    assert np.array_equal(
        band.sel(place="normalized", step=0), band.sel(place="sigmoid input", step=0)
    )
    assert not np.array_equal(
        band.sel(place="normalized", step=20), band.sel(place="sigmoid input", step=20)
    )
    assert 0.5 < float((band.sel(place="sigmoid input", step=0, percentile=85)).mean()) < 1.5
    assert "normalized" not in _run("none")["place"].values


def test_ways_start_at_zero_and_never_get_shorter() -> None:
    for norm in study.NORMS:
        for name in ("travelled", "spreads"):
            way = _run(norm)[name].isel(norm=0, rate=0).transpose("step", "place", "run").values
            assert not way[0].any()
            assert (np.diff(way, axis=0) > 0).all()


def _results() -> xr.Dataset:
    """Made-up results: the plain network takes 40 and 60 steps, batch norm 10 and never; three readings."""
    steps_to = np.array([[[[40.0, 60.0]]], [[[10.0, np.inf]]]])  # norm, rate, target, run
    accuracy = np.ones((2, 1, 3, 2))
    return xr.Dataset(
        {"steps_to": (("norm", "rate", "target", "run"), steps_to), "accuracy": (("norm", "rate", "step", "run"), accuracy)},
        coords={"norm": ["none", "batch norm"], "rate": [1.0], "target": [0.8], "run": [0, 1], "step": [0, 50, 100]},
    )  # fmt: skip


def test_a_run_that_never_gets_there_counts_as_all_its_steps() -> None:
    assert study.steps_to(_results(), "batch norm", 1.0).tolist() == [10.0, 100.0]
    assert study.steps_to(_results(), "none", 1.0).tolist() == [40.0, 60.0]


def test_the_main_rate_is_found_in_the_results_and_is_the_plain_networks_best() -> None:
    results = quick.results("ics_distribution")
    assert study.main_rate(results) == study.QUICK.rate == study.best_rate(results, "none")


def test_batch_norm_is_ahead_early_and_its_distribution_is_wider_from_the_start() -> None:
    results = quick.results("ics_distribution")
    main = results.sel(rate=study.main_rate(results))
    early = (
        main["accuracy"].sel(step=main["step"].values[main["step"].values <= 100][-1]).mean("run")
    )
    assert early.sel(norm="batch norm") > early.sel(norm="none") + 0.3
    width = main["band"].sel(place="sigmoid input", step=0).mean("run")
    width = width.sel(percentile=85) - width.sel(percentile=15)
    assert width.sel(norm="none") < 0.2 < 1 < width.sel(norm="batch norm")
