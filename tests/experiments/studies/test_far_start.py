"""Starts are what they are called, everything else is the same, and what is left of a distance is counted right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from experiments.studies import far_start as study
from tests import quick

SETUP = replace(study.QUICK, hidden=(6, 6), steps=12, readings=5, probe=20, runs=3)


def _run(start: str = "0.1, 0", first: int = 0, last: int = 3) -> xr.Dataset:
    point = next(p for p in study.points(SETUP).values() if p.start == start)
    return study.run(replace(point, first=first, last=last))


def test_a_run_does_not_depend_on_its_group() -> None:
    for start in ("0.1, 0", study.LEARNED):
        together, alone = _run(start), _run(start, 1, 2)
        for name in ("loss", "steps_to", "begin", "end"):
            assert np.array_equal(together[name].sel(run=[1]), alone[name]), name


def test_starts_share_weights_and_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = study.train

    def spy(network, params, state, batches, *rest):
        batches = iter(batches)
        x, labels = next(batches)
        seen.append(
            (
                [layer["weight"].copy() for layer in params if "weight" in layer],
                x.copy(),
                labels.copy(),
            )
        )
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    for start in ("1, 0", "10, 0", "1, 4", study.LEARNED):
        _run(start)
    assert len(seen) == 5  # the learned start has a run of its own before
    for other in seen[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(seen[0][0], other[0], strict=True))
        assert np.array_equal(seen[0][1], other[1]) and np.array_equal(seen[0][2], other[2])


def test_the_learned_start_is_the_end_of_the_usual_one() -> None:
    usual, learned = _run("1, 0"), _run(study.LEARNED)
    assert np.array_equal(usual["end"].isel(start=0), learned["begin"].isel(start=0))
    assert not np.array_equal(usual["end"].isel(start=0), learned["end"].isel(start=0))
    begin = _run("1, 4")["begin"].isel(start=0)
    assert (begin.sel(parameter="gamma") == 1).all() and (begin.sel(parameter="beta") == 4).all()


def test_every_start_is_there_once() -> None:
    results = quick.results("far_start")
    setup = study.QUICK
    names = (
        [study.start_name(g, 0.0) for g in setup.gammas]
        + [study.start_name(1.0, b) for b in setup.betas]
        + [study.LEARNED]
    )
    assert sorted(results["start"].values) == sorted(names)
    assert study.USUAL in names


def test_what_is_left_of_a_distance() -> None:
    begin = np.zeros((2, 2, 1, 1, 2))  # start, parameter, layer, run, unit
    begin[1, 0] = 4.0
    end = begin.copy()
    end[0, 0, 0, 0] = [1.0, -1.0]
    end[1, 0, 0, 0] = [2.0, 0.0]
    dims = ("start", "parameter", "layer", "run", "unit")
    results = xr.Dataset(
        {"begin": (dims, begin), "end": (dims, end)},
        coords={"start": ["1, 0", "5, 0"], "parameter": ["gamma", "beta"]},
    )
    assert study.left(results, "gamma", "5, 0").tolist() == [0.25]


def test_a_run_that_never_gets_there_counts_as_all_its_steps() -> None:
    results = xr.Dataset({"steps_to": (("start", "run"), np.array([[10.0, 20.0], [np.inf, 40.0]]))},
                         coords={"start": ["1, 0", "30, 0"], "step": [0, 80]})  # fmt: skip
    assert study.steps_to(results, "30, 0").tolist() == [80.0, 40.0]
    assert study.delay(results, "30, 0").estimate == pytest.approx(4.0)
