"""What a start and a pass promise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from experiments.engine.activations import ReLU, Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal, lecun_normal
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize


def test_normalization_shifts_no_weight(rngs):
    plain, _ = Network((Dense(7), Sigmoid(), Dense(3))).init(rngs(2), features=5)
    normed, _ = Network(
        (Standardize(), Dense(7), Standardize(), Affine(), Sigmoid(), Dense(3))
    ).init(rngs(2), features=5)
    assert_array_equal(plain[0]["weight"], normed[1]["weight"])
    assert_array_equal(plain[2]["weight"], normed[5]["weight"])


def test_runs_start_from_their_own_generators(rngs):
    net = Network((Dense(7), ReLU(), Dense(3)))
    three, _ = net.init(rngs(3), features=5)
    last, _ = net.init(rngs(3)[2:], features=5)
    assert_array_equal(three[2]["weight"][2:], last[2]["weight"])
    assert not np.array_equal(three[0]["weight"][0], three[0]["weight"][1])


def test_both_precisions_start_alike(rngs):
    net = Network((Dense(7), Standardize(), Affine()))
    double, _ = net.init(rngs(2), features=5)
    single, state = net.init(rngs(2), features=5, dtype=np.float32)
    assert_array_equal(single[0]["weight"], double[0]["weight"].astype(np.float32))
    assert {a.dtype for layer in (*single, *state) for a in layer.values()} == {
        np.dtype(np.float32)
    }


@pytest.mark.parametrize(
    ("draw", "variance"),
    [(lecun_normal, 1 / 300), (he_normal, 2 / 300)],
)
def test_variance_of_weights(draw, variance):
    """Of 150,000 weights: the standard error is below half a percent."""
    w = draw(np.random.default_rng(0), 300, 500)
    assert w.shape == (300, 500)
    assert w.var() == pytest.approx(variance, rel=0.02)
    assert w.mean() == pytest.approx(0, abs=5 * np.sqrt(variance / w.size))


def test_a_forward_pass_by_hand():
    """y = relu(x W + b) with two runs of different weights."""
    net = Network((Dense(1), ReLU()))
    params = [
        {"weight": np.array([[[2.0], [3.0]], [[-1.0], [0.0]]]), "bias": np.array([[0.5], [0.25]])},
        {},
    ]
    x = np.array([[[1.0, 1.0], [0.0, -1.0]]] * 2)
    y, saved, state = net.forward(params, [{}, {}], x, training=True)
    assert_array_equal(y[..., 0], [[5.5, 0], [0, 0.25]])
    assert_array_equal(saved[1]["x"][..., 0], [[5.5, -2.5], [-0.75, 0.25]])
    assert state == [{}, {}]


def test_every_layer_saves_its_input(rngs):
    """Instruments read what lies between layers from `saved`."""
    net = Network((Dense(4), Standardize(), Affine(), Sigmoid(), Dense(2)))
    params, state = net.init(rngs(2), features=3)
    x = np.random.default_rng(0).standard_normal((2, 5, 3))
    y, saved, _ = net.forward(params, state, x, training=True)
    between = x
    for layer, p, s, kept in zip(net.layers, params, state, saved, strict=True):
        assert_array_equal(kept["x"], between)
        between, _, _ = layer.forward(p, s, between, training=True)
    assert_array_equal(between, y)


def test_a_bias_before_batch_norm_has_no_gradient(rngs):
    net = Network((Dense(4), Standardize()))
    params, state = net.init(rngs(2), features=3)
    rng = np.random.default_rng(0)
    _, saved, _ = net.forward(params, state, rng.standard_normal((2, 6, 3)), training=True)
    _, grads = net.backward(params, saved, rng.standard_normal((2, 6, 4)))
    assert np.abs(grads[0]["bias"]).max() < 1e-14
    assert np.abs(grads[0]["weight"]).max() > 1e-2


def test_two_precisions_are_refused(rngs):
    net = Network((Dense(4),))
    params, state = net.init(rngs(1), features=3, dtype=np.float32)
    with pytest.raises(TypeError, match="float64 but weight is float32"):
        net.forward(params, state, np.zeros((1, 2, 3)), training=True)
