"""How parameters and distributions move: known cases, and what each measure does not see."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures.drift import distance, fluctuation, move, path_length


def _values(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((2, 30, 3))


def test_a_shift_moves_the_mean_and_nothing_else() -> None:
    a = _values(1)
    found = move(a, a + 0.5)
    np.testing.assert_allclose(found.mean, 0.5)
    np.testing.assert_allclose(found.std, 0.0, atol=1e-14)
    np.testing.assert_allclose(found.distance, 0.5 / a.std(axis=1))
    np.testing.assert_allclose(found.values, found.distance)


def test_a_scaling_moves_the_width() -> None:
    a = _values(1)
    a -= a.mean(axis=1, keepdims=True)
    found = move(a, 1.5 * a)
    np.testing.assert_allclose(found.mean, 0.0, atol=1e-14)
    np.testing.assert_allclose(found.std, a.std(axis=1) / 2)


def test_samples_that_change_places_move_and_their_distribution_does_not() -> None:
    a = _values(2)
    found = move(a, a[:, ::-1])
    np.testing.assert_allclose(found.distance, 0.0, atol=1e-15)
    assert (found.values > 0.5).all()
    assert (move(a, _values(3)).values >= move(a, _values(3)).distance).all()


def test_there_and_back_is_a_path_without_a_distance() -> None:
    track = np.array([0.0, 1.0, 3.0, 0.0])[:, None, None] * np.ones((1, 2, 4))
    assert path_length(track).tolist() == [[0.0, 0.0], [1.0, 1.0], [3.0, 3.0], [6.0, 6.0]]
    assert distance(track).tolist() == [[0.0, 0.0], [1.0, 1.0], [3.0, 3.0], [0.0, 0.0]]


def test_distance_is_a_root_mean_square_over_units() -> None:
    track = np.zeros((2, 1, 2))
    track[1, 0] = [3.0, -4.0]
    assert distance(track)[1, 0] == pytest.approx(np.sqrt(12.5))
    assert path_length(track)[1, 0] == pytest.approx(3.5)


def test_a_straight_line_does_not_fluctuate_and_noise_about_it_does() -> None:
    rng = np.random.default_rng(4)
    line = np.linspace(2.0, 5.0, 400)[:, None, None] * np.ones((1, 2, 5))
    np.testing.assert_allclose(fluctuation(line), 0.0, atol=1e-12)
    noise = rng.standard_normal(line.shape)
    np.testing.assert_allclose(fluctuation(line + 0.1 * noise), 0.1, rtol=0.05)
    time = np.arange(400)
    residual = noise[:, 0, 0] - np.polyval(np.polyfit(time, noise[:, 0, 0], 1), time)
    assert fluctuation(noise[:, :1, :1])[0] == pytest.approx(residual.std())


def test_tracks_may_have_further_dimensions() -> None:
    track = np.random.default_rng(5).standard_normal((20, 2, 3, 4)).cumsum(axis=0)
    for measure in (path_length, distance, fluctuation):
        whole = measure(track)
        for k in range(2):
            np.testing.assert_allclose(np.take(whole, k, axis=-2), measure(track[:, k]))
