"""Dropout draws what it says, from streams of its own."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.dense import Dense
from experiments.engine.dropout import Dropout
from experiments.engine.network import Network


def rngs(runs: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(runs)]


def test_numbers_stay_with_the_probability_and_are_scaled() -> None:
    layer = Dropout(0.3)
    _, state, _ = layer.init(rngs(2), 50, np.dtype(float))
    y, _, _ = layer.forward({}, state, np.ones((2, 4000, 50)), training=True)
    assert set(np.unique(y)) == {0.0, 1 / 0.3}
    assert (y > 0).mean(axis=(1, 2)) == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / 200_000))


def test_evaluation_leaves_everything_alone() -> None:
    x = np.random.default_rng(5).standard_normal((2, 3, 4))
    layer = Dropout(0.5)
    _, state, _ = layer.init(rngs(2), 4, x.dtype)
    y, saved, after = layer.forward({}, state, x, training=False)
    assert np.array_equal(y, x) and after is state
    assert np.array_equal(layer.backward({}, saved, x)[0], x)


def test_the_gradient_is_that_of_the_same_zeros() -> None:
    x, dy = np.random.default_rng(5).standard_normal((2, 2, 6, 4))
    layer = Dropout(0.5)
    _, state, _ = layer.init(rngs(2), 4, x.dtype)
    y, saved, _ = layer.forward({}, state, x, training=True)
    assert layer.backward({}, saved, dy)[0] == pytest.approx(dy * y / x)


def test_passes_differ_and_a_state_can_be_repeated_and_a_run_does_not_know_its_neighbours() -> None:
    x = np.ones((3, 20, 10))
    layer = Dropout(0.5)
    _, state, _ = layer.init(rngs(3), 10, x.dtype)
    first, _, after = layer.forward({}, state, x, training=True)
    assert np.array_equal(first, layer.forward({}, state, x, training=True)[0])
    assert not np.array_equal(first, layer.forward({}, after, x, training=True)[0])
    assert not np.array_equal(first[0], first[1])
    _, alone, _ = layer.init(rngs(2)[1:], 10, x.dtype)
    assert np.array_equal(layer.forward({}, alone, x[:1], training=True)[0][0], first[1])


def test_it_changes_no_weight() -> None:
    plain, _ = Network((Dense(3), Dense(2))).init(rngs(2), 4)
    dropped, _ = Network((Dense(3), Dropout(0.5), Dense(2))).init(rngs(2), 4)
    assert np.array_equal(plain[1]["weight"], dropped[2]["weight"])


@pytest.mark.parametrize("keep", [0.0, 1.1, -0.5])
def test_it_refuses_what_is_no_probability(keep: float) -> None:
    with pytest.raises(ValueError, match="keep="):
        Dropout(keep)
