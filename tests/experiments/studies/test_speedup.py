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
    measured = speedup._factor("1", 1)(results)
    assert measured.estimate == pytest.approx(20 / speedup.QUICK.steps)
    assert speedup._reach("1")(results).estimate == 0


def test_search_and_comparison_are_on_different_runs() -> None:
    points = speedup.points(speedup.QUICK)
    searched = speedup.run(points["search-4"])["search"].values
    assert searched.shape == (1, 3, speedup.QUICK.searched)
    assert points["none"].multiple == 1 and points["search-4"].multiple == 1


def test_the_declared_rate_is_one_of_the_search_and_the_multiples_hold_the_papers() -> None:
    assert speedup.FULL.rate in speedup.FULL.search
    assert {1.0, 5.0, 30.0} <= set(speedup.FULL.multiples)


def test_all_conditions_have_the_same_weights_and_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def spy(network, params, state, batches, optimizer, at, instruments):
        x, labels = next(iter(batches))
        seen[optimizer.rate, len(network.layers)] = (
            [p["weight"] for p in params if "weight" in p],
            x.copy(),
            labels.copy(),
        )
        raise StopIteration

    monkeypatch.setattr(speedup, "train", spy)
    points = speedup.points(speedup.QUICK)
    for name in ("none", "batch-norm-1", "batch-norm-30"):
        with pytest.raises((StopIteration, RuntimeError)):
            speedup.run(points[name])
    first, *others = seen.values()
    assert len(others) == 2
    for other in others:
        for one, two in zip(first[0], other[0], strict=True):
            np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(first[1], other[1])
        np.testing.assert_array_equal(first[2], other[2])
