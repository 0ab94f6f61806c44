"""Steps to a target, and what a run counts as that never gets there."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies import speedup
from tests import quick


def test_steps_are_the_first_reading_that_reaches_the_target() -> None:
    results = quick.results("speedup")
    for condition in results["condition"].values:
        accuracy = results["accuracy"].sel(condition=condition).transpose("step", "run").values
        for target in results["target"].values:
            found = results["steps_to"].sel(condition=condition, target=target).values
            for run, steps in enumerate(found):
                reached = np.flatnonzero(accuracy[:, run] >= target)
                assert steps == (results["step"].values[reached[0]] if len(reached) else np.inf)


def test_a_run_that_never_gets_there_counts_as_all_of_its_steps() -> None:
    results = quick.results("speedup").copy(deep=True)
    results["steps_to"].loc[{"condition": "1"}] = np.inf
    results["steps_to"].loc[{"condition": "none"}] = 20.0
    measured = speedup.factor("1")(results)
    assert measured.estimate == pytest.approx(20 / speedup.QUICK.steps)
    assert speedup.reach("1")(results).estimate == 0


def test_search_and_comparison_are_on_different_runs() -> None:
    points = quick.points("speedup")
    search, compare = points["search-4"], points["none"]
    assert search.keywords["rate"] == compare.keywords["rate"] == speedup.QUICK.rate
    drawn = [p.keywords["runs"].weights()[0].standard_normal() for p in (search, compare)]
    assert drawn[0] != drawn[1]
    assert search()["search"].shape == (1, 3, speedup.QUICK.searched)


def test_the_declared_rate_is_one_of_the_search_and_the_multiples_hold_the_papers() -> None:
    assert speedup.FULL.rate in speedup.FULL.search
    assert {1.0, 5.0, 30.0} <= set(speedup.FULL.multiples)
