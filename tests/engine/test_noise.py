"""Noise draws what it says, from streams of its own, and passes the gradient of what it did."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.noise import Noise


def rngs(runs: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(runs)]


def _layer(size: float, runs: int, features: int) -> tuple[Noise, dict]:
    layer = Noise(size)
    return layer, layer.init(rngs(runs), features, np.dtype(float))[1]


def _scale_and_shift(layer: Noise, state: dict, features: int) -> tuple[np.ndarray, np.ndarray]:
    """From what happens to zeros and to ones."""
    runs = len(state["key"])
    zeros, ones = (
        layer.forward({}, state, np.full((runs, 3, features), value), True)[0]
        for value in (0.0, 1.0)
    )
    assert (zeros == zeros[:, :1]).all()  # the same for all samples
    return (ones - zeros)[:, 0], zeros[:, 0]


def test_mean_and_width_of_scale_and_shift() -> None:
    a, features = 0.8, 40_000
    scale, shift = _scale_and_shift(*_layer(a, 2, features), features)
    assert scale.min() > 1 - a / 2 and scale.max() < 1 + a / 2 and np.abs(shift).max() < a
    room = 5 / np.sqrt(2 * features)
    assert shift.mean() == pytest.approx(0, abs=a * room) and scale.mean() == pytest.approx(
        1, abs=a * room
    )
    assert shift.std() == pytest.approx(a / np.sqrt(3), rel=0.02)
    assert scale.std() == pytest.approx(a / np.sqrt(12), rel=0.02)
    assert abs(np.corrcoef(scale.ravel(), shift.ravel())[0, 1]) < room


def test_sizes_are_pushed_in_the_same_directions() -> None:
    small, large = (_scale_and_shift(*_layer(size, 2, 6), 6) for size in (0.5, 1.5))
    np.testing.assert_allclose(large[1], 3 * small[1])
    np.testing.assert_allclose(large[0] - 1, 3 * (small[0] - 1))


def test_evaluation_leaves_everything_alone() -> None:
    x = np.random.default_rng(5).standard_normal((2, 3, 4))
    layer, state = _layer(1.0, 2, 4)
    y, saved, after = layer.forward({}, state, x, training=False)
    assert np.array_equal(y, x) and after is state
    assert np.array_equal(layer.backward({}, saved, x)[0], x)


def test_the_gradient_against_differences() -> None:
    x, dy, direction = np.random.default_rng(5).standard_normal((3, 2, 6, 4))
    layer, state = _layer(1.0, 2, 4)
    _, saved, _ = layer.forward({}, state, x, training=True)
    h = 1e-4
    up, down = (layer.forward({}, state, x + sign * h * direction, True)[0] for sign in (1, -1))
    slope = ((up - down) * dy).sum(axis=(1, 2)) / (2 * h)
    assert (layer.backward({}, saved, dy)[0] * direction).sum(axis=(1, 2)) == pytest.approx(
        slope, rel=1e-9
    )


def test_passes_differ_and_a_state_can_be_repeated_and_a_run_does_not_know_its_neighbours() -> None:
    x = np.ones((3, 20, 10))
    layer, state = _layer(0.5, 3, 10)
    first, _, after = layer.forward({}, state, x, training=True)
    assert np.array_equal(first, layer.forward({}, state, x, training=True)[0])
    assert not np.array_equal(first, layer.forward({}, after, x, training=True)[0])
    assert not np.array_equal(first[0], first[1])
    _, alone, _ = layer.init(rngs(2)[1:], 10, x.dtype)
    assert np.array_equal(layer.forward({}, alone, x[:1], training=True)[0][0], first[1])


def test_it_changes_no_weight() -> None:
    plain, _ = Network((Dense(3), Dense(2))).init(rngs(2), 4)
    noisy, _ = Network((Dense(3), Noise(0.5), Dense(2))).init(rngs(2), 4)
    assert np.array_equal(plain[1]["weight"], noisy[2]["weight"])


@pytest.mark.parametrize("size", [-0.1, 2.1])
def test_it_refuses_what_could_turn_a_sign(size: float) -> None:
    with pytest.raises(ValueError, match="size="):
        Noise(size)
