"""Which rate is which, and who is faster, in results made up for it."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.measures import rates
from experiments.results import value

NEVER = np.inf


@pytest.fixture
def results() -> xr.Dataset:
    """Two rates, the first with three readings, the second with two; two runs.

    The plain network takes 40 and 60 steps at rate 1 and does not get there at rate 0.1.
    """
    steps_to = [[[40.0, 60.0], [NEVER, NEVER]], [[10.0, NEVER], [20.0, 30.0]]]  # norm, rate, run
    accuracy = np.ones((2, 2, 3, 2))
    accuracy[:, 1, 2] = np.nan
    dims = ("norm", "rate", "target", "run")
    return xr.Dataset(
        {
            "steps_to": (dims, np.array(steps_to)[:, :, None]),
            "accuracy": (("norm", "rate", "step", "run"), accuracy),
        },
        {
            "norm": ["none", "batch norm"],
            "rate": [1.0, 0.1],
            "target": [0.8],
            "run": [0, 1],
            "step": [0, 50, 100],
        },
    )


def test_which_rate_is_which(results) -> None:
    """The main one is trained for the longest, whatever is faster."""
    assert rates.MAIN(results) == 1.0 and rates.SMALLEST(results) == 0.1
    assert rates.best_rate(results, "none") == 1.0
    assert rates.COMMON_STEP(results) == 50


def test_the_best_rate_is_that_of_half_of_the_runs(results) -> None:
    """At rate 1 one run of two takes 10 steps and the other never arrives; at 0.1 both do."""
    results["steps_to"].loc[{"norm": "batch norm", "rate": 1.0}] = [[25.0, NEVER]]
    results["steps_to"].loc[{"norm": "batch norm", "rate": 0.1}] = [[20.0, 22.0]]
    assert rates.best_rate(results, "batch norm") == 0.1


def test_a_run_that_never_gets_there_counts_as_all_its_steps(results) -> None:
    assert rates.steps_to("batch norm")(results).values.tolist() == [10, 100]
    assert rates.steps_to("none")(results).values.tolist() == [40, 60]
    assert rates.steps_to("none", rates.SMALLEST)(results).values.tolist() == [50, 50]
    assert rates.speedup()(results).estimate == pytest.approx(np.sqrt(4 * 0.6))
    assert rates.reached("none", rates.SMALLEST)(results).estimate == 0
    assert rates.reached("batch norm")(results).estimate == 0.5


def test_less_is_faster_in_one_run_of_two(results) -> None:
    """Batch norm has less in both runs, and is faster in the first only; ties count as faster."""
    results["shift"] = (("norm", "rate"), [[2.0, 2.0], [1.0, 1.0]])

    def of(norm, rate):
        run = xr.DataArray([0, 0], {"run": [0, 1]}, "run")
        return value("shift", norm=norm, rate=rate).map(lambda shift: shift + run)

    networks = ("batch norm", rates.MAIN), ("none", rates.MAIN)
    assert rates.less_is_faster(of, *networks)(results).estimate == 0.5
    assert rates.less_is_faster(of, *networks[::-1])(results).estimate == 0.5
    same = ("none", rates.MAIN), ("none", rates.MAIN)
    assert rates.less_is_faster(of, *same)(results).estimate == 1
