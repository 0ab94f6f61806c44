"""Convolution and flattening, where PyTorch is silent: definition, errors, initial weights."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.flatten import Flatten
from experiments.engine.initialization import he_normal


@pytest.mark.parametrize("padding", ["zero", "circular"])
def test_it_is_the_sum_of_its_formula(padding, rngs):
    layer, x = (
        Convolution(2, padding=padding),
        np.random.default_rng(0).standard_normal((1, 1, 3, 4, 5)),
    )
    params, _, channels = layer.init(rngs(1), 3, np.float64)
    y, _, _ = layer.forward(params, {}, x, training=True)
    assert channels == 2 and y.shape == (1, 1, 2, 4, 5)
    for o, i, j in np.ndindex(2, 4, 5):
        total = 0.0
        for c, u, v in np.ndindex(3, 3, 3):
            row, column = i + u - 1, j + v - 1
            if padding == "circular" or (0 <= row < 4 and 0 <= column < 5):
                total += params["weight"][0, o, c, u, v] * x[0, 0, c, row % 4, column % 5]
        assert y[0, 0, o, i, j] == pytest.approx(total, abs=1e-13)


def test_with_a_kernel_of_one_it_is_a_dense_layer_at_every_pixel(rngs):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 1, 1))
    images, features = Convolution(5, kernel=1), Dense(5, weights=he_normal)
    params, same = images.init(rngs(2), 4, np.float64)[0], features.init(rngs(2), 4, np.float64)[0]
    y, _, _ = images.forward(params, {}, x, training=True)
    expected, _, _ = features.forward(same, {}, x[..., 0, 0], training=True)
    np.testing.assert_allclose(y[..., 0, 0], expected, rtol=1e-13, atol=1e-13)


def test_weights_start_as_he_has_it(rngs):
    """Their variance is 2/fan_in, fan_in = channels × kernel²; 57,600 numbers give it to 0.6 %."""
    params, _, _ = Convolution(64, bias=False).init(rngs(1), 100, np.float64)
    assert params.keys() == {"weight"} and params["weight"].shape == (1, 64, 100, 3, 3)
    assert params["weight"].var() == pytest.approx(2 / 900, rel=0.03)


def test_what_it_refuses(rngs):
    with pytest.raises(ValueError, match="odd"):
        Convolution(1, kernel=2)
    with pytest.raises(ValueError, match="at least 1"):
        Convolution(1, stride=0)
    with pytest.raises(ValueError, match="circular"):
        Convolution(1, padding="mirror")
    layer = Convolution(1, kernel=5, padding="circular")
    params, _, _ = layer.init(rngs(1), 1, np.float64)
    for shape in ((1, 2, 9), (1, 2, 1, 1, 9)):
        with pytest.raises(ValueError, match=r"channel, height, width|circular padding takes"):
            layer.forward(params, {}, np.ones(shape), training=True)
    with pytest.raises(TypeError, match="float32"):
        layer.forward(params, {}, np.ones((1, 1, 1, 5, 5), np.float32), training=True)
    with pytest.raises(ValueError, match="pixels=6"):
        Flatten(6).forward({}, {}, np.ones((1, 1, 1, 2, 2)), training=True)


def test_flattening():
    x = np.arange(12.0).reshape(1, 1, 2, 2, 3)
    assert Flatten(6).init([], 2, np.float64)[2] == 12
    assert Flatten(6).forward({}, {}, x, training=True)[0].tolist() == [[list(range(12))]]
