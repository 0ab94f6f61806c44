"""Runs: numbers do not depend on the runs computed together; separate parts get separate ones."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.runs import Runs, normal


def drawn(rngs) -> list[float]:
    return normal(rngs).tolist()


def test_a_run_draws_the_same_numbers_in_every_group() -> None:
    together = drawn(Runs(3, 10).weights())
    for most in (1, 3, 4, 10, 99):
        assert [x for runs in Runs(3, 10).groups(most) for x in drawn(runs.weights())] == together
    assert [len(runs) for runs in Runs(3, 18).groups(8)] == [6, 6, 6]


def test_conditions_side_by_side_draw_alike() -> None:
    runs = Runs(3, 4)
    assert drawn(runs.order(copies=3)) == 3 * drawn(runs.order())
    assert runs.each([0.1, 0.2]).tolist() == [0.1] * 4 + [0.2] * 4


def test_streams_are_those_that_numpy_spawns() -> None:
    seeds = np.random.SeedSequence(5).spawn(3)
    assert drawn(Runs(5, 3).streams()) == drawn(map(np.random.default_rng, seeds))
    second = [
        np.random.default_rng(seed.spawn(2)[1]) for seed in np.random.SeedSequence((5, 9)).spawn(3)
    ]
    assert drawn(Runs(5, 3).part(9).order()) == drawn(second)
    first = np.random.SeedSequence(5).spawn(2)[1].spawn(3)
    assert drawn(Runs(5, 3).streams(under=(1,))) == drawn(map(np.random.default_rng, first))


def test_streams_runs_parts_and_seeds_are_apart() -> None:
    runs = Runs(5, 3)
    kinds = (runs.weights(), runs.order(), runs.noise(), runs.streams(3), runs.streams())
    others = (runs.part(1).weights(), runs.part(2).weights(), Runs(6, 3).weights())
    numbers = [x for rngs in (*kinds, *others) for x in drawn(rngs)]
    assert len(set(numbers)) == len(numbers) == 24


def test_the_numbers_of_runs_are_a_coordinate() -> None:
    assert Runs(5, 3, first=8).numbers.tolist() == [8, 9, 10]
    assert Runs(5, 3).numbers.dtype == np.int32
    with pytest.raises(AttributeError):
        Runs(5, 3).seed = 4  # type: ignore[misc]


def test_what_runs_share_is_the_same_in_every_group() -> None:
    expected = np.random.default_rng(np.random.SeedSequence((5, 1))).standard_normal(4)
    for runs in (Runs(5, 16), Runs(5, 8, first=8)):
        assert np.array_equal(runs.common(1).standard_normal(4), expected)
    assert not np.array_equal(Runs(5, 16).common(2).standard_normal(4), expected)
