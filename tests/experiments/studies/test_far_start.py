"""Starts are what they are called, and what is left of a distance is counted right."""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.studies import far_start as study
from tests import quick


def test_the_learned_start_is_the_end_of_the_usual_one() -> None:
    results = quick.results("far_start")
    usual, learned = (results.sel(start=start) for start in (study.USUAL, study.LEARNED))
    assert np.array_equal(usual["end"], learned["begin"])
    assert not np.array_equal(usual["end"], learned["end"])


def test_every_start_is_there_once_and_starts_where_it_says() -> None:
    results, setup = quick.results("far_start"), study.QUICK
    starts = [(gamma, 0.0) for gamma in setup.gammas] + [(1.0, beta) for beta in setup.betas]
    names = [study.start_name(*start) for start in starts]
    assert sorted(results["start"].values) == sorted([*names, study.LEARNED])
    assert study.USUAL in names
    for name, start in zip(names, starts, strict=True):
        for parameter, at in zip(study.PARAMETERS, start, strict=True):
            begin = results["begin"].sel(start=name, parameter=parameter)
            assert (begin == np.float32(at)).all()


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
    assert study.left(results, "gamma", "5, 0").values.tolist() == [0.25]


def test_a_run_that_never_gets_there_counts_as_all_its_steps() -> None:
    results = xr.Dataset(
        {"steps_to": (("start", "run"), np.array([[10.0, 20.0], [np.inf, 40.0]]))},
        coords={"start": ["1, 0", "30, 0"], "step": [0, 80]},
    )
    assert study.STEPS.at(start="30, 0")(results).values.tolist() == [80.0, 40.0]
