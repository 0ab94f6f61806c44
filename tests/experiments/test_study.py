"""Settings and points."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from functools import partial
from types import SimpleNamespace

import pytest

from experiments import study
from experiments.runs import Runs
from experiments.study import Settings, call, described, setting


class Setup(Settings):
    """Settings for these tests."""

    sizes: tuple[int, ...] = setting((1, 2), "of batches")
    steps: int = setting(5, "of training")
    runs: int = setting(20, "repetitions")
    seed: int = setting(7, "of all streams")


def learn(size, steps, runs, more=1):
    return size, steps, runs, more


def test_a_point_has_what_its_function_asks_for_and_nothing_else() -> None:
    point = call(learn, Setup(), size=2)
    assert point.keywords == {"size": 2, "steps": 5, "runs": Runs(7, 20)}
    assert point() == (2, 5, Runs(7, 20), 1)
    assert described(point) == described(call(learn, Setup(sizes=(9,)), size=2))
    assert described(point) != described(call(learn, Setup(steps=6), size=2))


def test_a_parameter_that_is_no_setting_is_told_what_was_meant() -> None:
    with pytest.raises(ValueError, match="learn: there is no setting 'size'; did you mean sizes"):
        call(learn, Setup())


def test_runs_are_split_by_the_pipeline_and_not_by_studies() -> None:
    points = {"a": call(learn, Setup(), size=1), "b": partial(learn, 1, 2, 3)}
    found = study.work(SimpleNamespace(points=lambda setup: points), Setup())
    assert list(found) == ["a-runs-00", "a-runs-07", "a-runs-14", "b"]
    groups = [found[key].keywords["runs"] for key in list(found)[:3]]
    assert [number for runs in groups for number in runs.numbers] == list(range(20))


def test_settings_are_added_to_and_cannot_be_changed() -> None:
    class More(Setup):
        steps: int = setting(9, "of longer training")
        rate: float = setting(0.1, "of learning")

    assert More() == More(sizes=(1, 2), steps=9, runs=20, seed=7, rate=0.1) != Setup()
    assert replace(More(), rate=1.0).rate == 1
    with pytest.raises(FrozenInstanceError):
        More().rate = 1.0
    with pytest.raises(TypeError, match="positional"):  # those of a base class come first
        More((1, 2))


def test_what_is_given_to_no_parameter_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(ValueError, match="learn: there is no parameter 'sise'; did you mean size"):
        call(learn, Setup(), sise=2)
