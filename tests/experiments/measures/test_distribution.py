"""The distance that a distribution travels: known cases, invariances, and errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from experiments.engine.activations import Sigmoid
from experiments.measures.distribution import (
    Path,
    Paths,
    batch_to_batch,
    binned_density,
    histogram,
    kolmogorov,
    last_hidden,
    ordered,
    quantiles,
    wasserstein,
)
from experiments.runs import Runs
from experiments.training import mlp, start


def _values(seed: int, runs: int = 2, samples: int = 50, features: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((runs, samples, features))


def _path(*readings: np.ndarray) -> Path:
    path = Path()
    for values in readings:
        path.read(ordered(values))
    return path


def test_wasserstein_is_scipys() -> None:
    a, b = _values(1), _values(2) * 2 + 1
    found = wasserstein(ordered(a), ordered(b))
    for run in range(2):
        for feature in range(3):
            assert found[run, feature] == pytest.approx(
                wasserstein_distance(a[run, :, feature], b[run, :, feature])
            )


@given(shift=st.floats(-5, 5))
def test_a_shift_travels_its_own_length(shift: float) -> None:
    a = _values(3)
    path = _path(a, a + shift)
    np.testing.assert_allclose(path.travelled, abs(shift), atol=1e-12)
    np.testing.assert_allclose(path.spreads, abs(shift) / a.std(axis=1), atol=1e-12)


def test_a_scaling_travels_the_mean_absolute_value_times_the_change() -> None:
    a = _values(3)
    a -= np.median(a, axis=1, keepdims=True)
    np.testing.assert_allclose(_path(a, 3 * a).travelled, 2 * np.abs(a).mean(axis=1))


def test_readings_add_up_and_order_of_samples_does_not_matter() -> None:
    a, b, c = _values(1), _values(2), _values(3)
    whole, first, second = _path(a, b[:, ::-1], c), _path(a, b), _path(b, c)
    np.testing.assert_allclose(whole.travelled, first.travelled + second.travelled)
    np.testing.assert_allclose(whole.spreads, first.spreads + second.spreads)


@given(scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
def test_own_spreads_do_not_change_with_the_units(scale: float, shift: float) -> None:
    a, b = _values(1), 1.5 * _values(2) + 0.3
    np.testing.assert_allclose(
        _path(scale * a + shift, scale * b + shift).spreads, _path(a, b).spreads, rtol=1e-9
    )


def test_nothing_has_travelled_after_one_reading_or_none_moving() -> None:
    a = _values(1)
    assert not _path(a).travelled.any()
    assert not _path(a, a).spreads.any()


def test_a_distribution_without_spread_is_not_called_steady() -> None:
    constant = np.ones((1, 5, 1))
    assert np.isinf(_path(constant, constant + 1).spreads).all()
    assert np.isnan(_path(constant, constant).spreads).all()


def test_quantiles_are_numpys() -> None:
    a = _values(4)
    probabilities = (0.0, 0.15, 0.5, 0.85, 1.0)
    np.testing.assert_allclose(
        quantiles(ordered(a), probabilities),
        np.moveaxis(np.quantile(a, probabilities, axis=1), 0, -1),
    )


def test_a_histogram_is_a_density_over_all_values() -> None:
    edges = np.array([0.0, 1.0, 3.0])
    assert histogram(np.array([0.5, 0.6, 2.0, 7.0]), edges).tolist() == [0.5, 0.125]
    assert binned_density(lambda x: x / 4, edges) == pytest.approx([0.25, 0.25])


def test_kolmogorov_by_hand() -> None:
    """For n = 4 values and the uniform distribution, F_n − F is largest at the third: 3/4 − 0.3."""
    values = np.array([0.3, 0.1, 0.9, 0.2])
    assert kolmogorov(values, lambda x: x) == pytest.approx(2 * 0.45)


def test_spread_of_batch_means() -> None:
    rng = np.random.default_rng(2)
    values = rng.standard_normal((2, 400, 25, 3)) * 4 + 7
    np.testing.assert_allclose(batch_to_batch(values), 1 / 5, rtol=0.1)  # 1/√samples
    offsets = 3 * rng.standard_normal((2, 400, 1, 3))
    np.testing.assert_allclose(batch_to_batch(values / 4 + offsets), 3, rtol=0.1)
    same = np.repeat(values[:, :1].astype(np.float32), 7, axis=1)
    assert (batch_to_batch(same) == 0).all()


def test_paths_are_those_of_each_place_and_the_typical_unit_is_the_median_one() -> None:
    """Three units that move by 1, 5 and 2 in all: the last one is typical."""
    first = np.zeros((1, 4, 3)) + np.array([1.0, 2.0, 3.0, 4.0])[:, None]
    moved = first + np.array([1.0, 5.0, 2.0])
    paths = Paths((0.0, 1.0))
    for here, there in ((first, 2 * first), (moved, 2 * moved)):
        paths.read({"here": here, "there": there})
    assert paths.places == ["here", "there"]
    assert not paths.travelled[0].any() and not paths.spreads[0].any()
    assert paths.travelled[1].tolist() == [[pytest.approx(8 / 3)], [pytest.approx(16 / 3)]]
    assert paths.spreads[1][0] == pytest.approx(_path(first, moved).spreads.mean(axis=1))
    band = paths.typical("here")
    assert band.shape == (2, 2, 1, 2)  # (step, place, run, probability)
    assert band[:, 0, 0].tolist() == [[1, 4], [3, 6]] and band[1, 1, 0].tolist() == [6, 12]


def test_the_last_hidden_layer_in_front_of_batch_norm_and_behind_it() -> None:
    x = np.random.default_rng(0).standard_normal((1, 40, 5)).astype(np.float32)
    model = start(mlp((4, 3), "batch norm", Sigmoid()), Runs(0, 2), 5)
    model.params[6]["gamma"][:], model.params[6]["beta"][:] = 2, 1
    found = last_hidden(model, x)
    before = found["before normalization"]
    assert before.shape == (2, 40, 3)
    centred = before - before.mean(axis=1, keepdims=True)
    standard = centred / before.std(axis=1, keepdims=True)
    np.testing.assert_allclose(found["normalized"], standard, atol=0.01)
    np.testing.assert_allclose(found["sigmoid input"], 2 * found["normalized"] + 1, rtol=1e-5)
    plain = start(mlp((4,), "none", Sigmoid()), Runs(0, 2), 5)
    assert list(last_hidden(plain, x)) == ["sigmoid input"]
