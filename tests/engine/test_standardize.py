"""Standardize beyond the comparison with PyTorch: conventions, state, errors, saved statistics."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from experiments.engine.standardize import FLAX, KERAS, PYTORCH, Convention, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups


def forward(x, training=True, layer=None, **settings):
    layer = layer or Standardize(**settings)
    params, state, _ = layer.init([None] * x.shape[0], x.shape[2], x.dtype)
    return layer.forward(params, state, x, training)


@pytest.mark.parametrize(
    ("rate", "unbiased", "running_mean", "running_var"),
    [
        (0.1, True, 0.25, 0.9 + 0.1 * 5 / 3),  # 1.0667
        (0.1, False, 0.25, 0.9 + 0.1 * 5 / 4),  # 1.025
        (0.01, False, 0.025, 0.99 + 0.01 * 5 / 4),
        (1.0, True, 2.5, 5 / 3),
    ],
)
def test_running_statistics_of_1_2_3_4(rate, unbiased, running_mean, running_var):
    """mean 2.5, variance 5/4 biased and 5/3 unbiased, started from 0 and 1."""
    x = np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)
    _, saved, state = forward(x, convention=Convention(1e-5, rate, unbiased))
    assert state["running_mean"].item() == pytest.approx(running_mean, rel=1e-15)
    assert state["running_var"].item() == pytest.approx(running_var, rel=1e-15)
    assert saved["var"].item() == pytest.approx(1.25, rel=1e-15), (
        "what the batch is divided by is biased in any case"
    )


def test_conventions_are_those_of_the_frameworks():
    assert (PYTORCH.eps, PYTORCH.rate, PYTORCH.unbiased) == (1e-5, 0.1, True)
    assert (KERAS.eps, KERAS.rate, KERAS.unbiased) == (1e-3, 0.01, False)
    assert (FLAX.eps, FLAX.rate, FLAX.unbiased) == (1e-5, 0.01, False)


def test_eps_stands_under_the_root():
    x = np.array([-1.0, 1.0]).reshape(1, 2, 1)
    y, saved, _ = forward(x, convention=Convention(3.0, 0.1, True))
    assert_array_equal(y.ravel(), [-0.5, 0.5])
    assert saved["inv_std"].item() == 0.5


@pytest.mark.parametrize("layer", [Standardize(), StandardizeFeatures(), StandardizeGroups(2)])
def test_saved_statistics(layer):
    """Their shapes, their axes, and that they are those of the input."""
    x = 5 + 2 * np.random.default_rng(0).standard_normal((2, 3, 4))
    y, saved, _ = forward(x, layer=layer)
    grouped, axis = {
        Standardize: (x, 1),
        StandardizeFeatures: (x[:, :, None], 3),
        StandardizeGroups: (x.reshape(2, 3, 2, 2), 3),
    }[type(layer)]
    assert_allclose(saved["mean"], grouped.mean(axis), rtol=1e-14)
    assert_allclose(saved["var"], grouped.var(axis), rtol=1e-13)
    assert_allclose(saved["inv_std"], 1 / np.sqrt(grouped.var(axis) + 1e-5), rtol=1e-13)
    assert_array_equal(saved["xhat"], y)
    assert_array_equal(saved["x"], x)


def test_evaluation_uses_and_keeps_the_running_statistics():
    layer = Standardize()
    state = {"running_mean": np.array([[1.0, -2.0]]), "running_var": np.array([[4.0, 9.0]])}
    x = np.array([[[3.0, 1.0]]])  # one sample is enough
    y, saved, after = layer.forward({}, state, x, training=False)
    assert_allclose(y, (x - [1, -2]) / np.sqrt([4 + 1e-5, 9 + 1e-5]), rtol=1e-15)
    assert_array_equal(saved["var"], [[4, 9]])
    assert_array_equal(after["running_mean"], [[1, -2]])
    assert_array_equal(after["running_var"], [[4, 9]])


@pytest.mark.parametrize("training", [True, False])
def test_nothing_passed_in_is_changed(training):
    layer, rng = Standardize(), np.random.default_rng(0)
    _, state, _ = layer.init([None], 3, np.float64)
    x, dy = rng.standard_normal((2, 1, 4, 3))
    given = [x, dy, *state.values()]
    before = [a.copy() for a in given]
    _, saved, _ = layer.forward({}, state, x, training)
    layer.backward({}, saved, dy)
    for a, b in zip(given, before, strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize("layer", [StandardizeFeatures(), StandardizeGroups(2)])
def test_samples_do_not_meet_over_features(layer):
    """No state, no difference between training and evaluation, and a sample's output is its own."""
    x = np.random.default_rng(0).standard_normal((2, 5, 4))
    y, _, state = forward(x, layer=layer)
    assert state == {}
    assert_array_equal(forward(x, training=False, layer=layer)[0], y)
    assert_allclose(forward(x[:, 2:3], layer=layer)[0], y[:, 2:3], rtol=1e-14)


def test_one_group_is_layer_norm():
    x = np.random.default_rng(0).standard_normal((2, 5, 4))
    one, features = forward(x, layer=StandardizeGroups(1)), forward(x, layer=StandardizeFeatures())
    assert_array_equal(one[0], features[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_features(dtype):
    """x̂ = 0 exactly, though the mean is rounded; with ε = 0, 0/0 is nan without a warning."""
    x = np.full((1, 7, 2), 0.1, dtype)
    x[..., 1] = np.arange(7)
    y, _, state = forward(x)
    assert_array_equal(y[..., 0], 0)
    assert state["running_var"][0, 0] == pytest.approx(0.9)
    y, saved, _ = forward(x, convention=Convention(0.0, 0.1, True))
    assert np.isnan(y[..., 0]).all()
    assert np.isfinite(y[..., 1]).all()
    assert np.isnan(Standardize().backward({}, saved, x)[0][..., 0]).all()


def test_float32_far_from_zero():
    """Centred variance in float32 is exact near 1e4, where E[x²] − E[x]² loses every digit."""
    x = (1e4 + np.array([-3, -1, 1, 3])).astype(np.float32).reshape(1, 4, 1)
    _, saved, _ = forward(x)
    assert saved["mean"].item() == 1e4
    assert saved["var"].item() == 5
    assert saved["var"].dtype == np.float32


@pytest.mark.parametrize("layer", [Standardize(), StandardizeFeatures()])
def test_float32_agrees_with_float64(layer):
    rng = np.random.default_rng(0)
    x, dy = (3 + 2 * rng.standard_normal((2, 1, 50, 60))).astype(np.float32)
    result = []
    for dtype in (np.float32, np.float64):
        y, saved, state = forward(x.astype(dtype), layer=layer)
        dx, _ = layer.backward({}, saved, dy.astype(dtype))
        assert {a.dtype for a in (y, dx, *state.values())} == {np.dtype(dtype)}
        result.append((y, dx))
    assert_allclose(result[0][0], result[1][0], atol=4e-6)
    assert_allclose(result[0][1], result[1][1], atol=4e-6)


def test_errors_name_what_was_wrong():
    with pytest.raises(ValueError, match="batch of 1"):
        forward(np.zeros((2, 1, 3)))
    with pytest.raises(ValueError, match="groups=0"):
        StandardizeGroups(0)
    with pytest.raises(ValueError, match=r"5 features .* 2 groups"):
        forward(np.zeros((1, 4, 5)), layer=StandardizeGroups(2))


def test_a_channel_has_the_statistics_of_all_its_pixels():
    """Those of the same numbers as (run, sample, feature), which another reduction computes."""
    x = 5 + 2 * np.random.default_rng(1).standard_normal((2, 3, 4, 5, 6))
    y, saved, state = forward(x)
    flat, expected, expected_state = forward(np.moveaxis(x, 2, 4).reshape(2, -1, 4))
    for name in ("mean", "var", "inv_std"):
        assert_allclose(saved[name], expected[name], rtol=1e-13)
    for name in state:
        assert_allclose(state[name], expected_state[name], rtol=1e-13)
    assert_allclose(np.moveaxis(y, 2, 4).reshape(2, -1, 4), flat, rtol=0, atol=1e-13)
    for layer, axes in ((StandardizeFeatures(), (2, 3, 4)), (Standardize(), (1, 3, 4))):
        _, saved, _ = forward(x, layer=layer)
        assert_allclose(saved["var"].ravel(), x.var(axes).ravel(), rtol=1e-13)


def test_one_image_is_a_batch_and_one_pixel_is_not():
    y, _, _ = forward(np.arange(4.0).reshape(1, 1, 1, 2, 2))
    assert_allclose(y.sum(), 0, atol=1e-15)
    with pytest.raises(ValueError, match="no variance"):
        forward(np.ones((1, 1, 3, 1, 1)))
