"""Float16: what is stored is half, what is summed is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from experiments.engine.activations import ReLU, Sigmoid, Tanh
from experiments.engine.affine import Affine
from experiments.engine.buffers import Buffers
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.engine.sums import accumulator, mean_over, sum_over

U = 2.0**-11
LAYERS = {
    "dense": Dense(6),
    "batch": Standardize(),
    "features": StandardizeFeatures(),
    "groups": StandardizeGroups(2),
    "affine": Affine(),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "relu": ReLU(),
}


def both(layer, rngs, training=True, mean=0.5):
    """The same numbers, exact in half precision, through the layer in float16 and in float64."""
    rng = np.random.default_rng(3)
    x, dy = (
        (mean + rng.standard_normal((2, 9, 4))).astype(np.float16),
        rng.standard_normal((2, 9, 6)).astype(np.float16),
    )
    net, found = Network((layer,)), []
    start, _ = net.init(rngs(2), 4, np.float16)
    for dtype in (np.float16, np.float64):
        params = [{name: p.astype(dtype) for name, p in start[0].items()}]
        _, state = net.init(rngs(2), 4, dtype)
        y, saved, state = net.forward(params, state, x.astype(dtype), training)
        dx, grads = net.backward(params, saved, dy[..., : y.shape[2]].astype(dtype))
        found.append((y, dx, grads[0], state[0]))
    return found


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_half_is_double_rounded(name, training, rngs):
    (y, dx, grads, state), (y64, dx64, grads64, state64) = both(LAYERS[name], rngs, training)
    assert y.dtype == dx.dtype == np.float16
    assert all(g.dtype == np.float16 for g in grads.values())
    for ours, theirs in ((y, y64), (dx, dx64), *((grads[n], grads64[n]) for n in grads)):
        assert_allclose(ours, theirs, rtol=8 * U, atol=8 * U * np.abs(theirs).max())
    for n in state:
        assert state[n].dtype == np.float32
        assert_allclose(state[n], state64[n], rtol=1e-5, atol=1e-6)


def test_statistics_are_summed_in_float32(rngs):
    """4097 ones, though float16 cannot count past 2048; and 300, whose square overflows in it."""
    ones = np.ones((1, 4097, 1), np.float16)
    assert sum_over(1, ones).item() == 4097 and mean_over(1, ones).dtype == np.float32
    assert (
        sum_over(1, ones, np.empty((1, 1, 1), np.float16)).item() == 4096
    )  # 4097 rounded, not 2048
    x = np.tile(np.array([-300.0, 300], np.float16), 2048).reshape(1, -1, 1)
    layer = Standardize()
    _, state, _ = layer.init([None], 1, x.dtype)
    y, saved, _ = layer.forward({}, state, x, training=True)
    assert saved["var"].item() == 90000
    assert_array_equal(y.ravel()[:2], [-1, 1])


def test_products_are_accumulated_in_float32():
    x = np.ones((1, 2, 4096), np.float16)
    params = {"weight": np.ones((1, 4096, 1), np.float16), "bias": np.zeros((1, 1), np.float16)}
    y, _, _ = Dense(1).forward(params, {}, x, training=True)
    assert_array_equal(y, np.full((1, 2, 1), 4096))


def test_the_other_precisions_are_what_they_were():
    assert [accumulator(np.dtype(d)) for d in ("f2", "f4", "f8")] == [
        np.float32,
        np.float32,
        np.float64,
    ]


def test_a_run_has_the_bytes_that_it_has_alone(rngs):
    net = Network((Dense(7), Standardize(), Affine(), Sigmoid(), Dense(3)))
    params, state = net.init(rngs(3), 5, np.float16)
    x, dy = (np.random.default_rng(0).standard_normal((3, 8, k)).astype(np.float16) for k in (5, 3))
    buffers = Buffers()
    y, saved, _ = net.forward(params, state, x, True, buffers)
    dx, grads = net.backward(params, saved, dy, buffers)
    for r in range(3):
        one = slice(r, r + 1)
        alone = (
            [{n: a[one] for n, a in layer.items()} for layer in params],
            [{n: a[one] for n, a in layer.items()} for layer in state],
        )
        y1, saved1, _ = net.forward(*alone, x[one], True)
        dx1, grads1 = net.backward(alone[0], saved1, dy[one])
        assert y[r].tobytes() == y1[0].tobytes() and dx[r].tobytes() == dx1[0].tobytes()
        for layer, layer1 in zip(grads, grads1, strict=True):
            assert all(layer[n][r].tobytes() == layer1[n][0].tobytes() for n in layer)


@pytest.mark.parametrize("name", ["plain", "far"])
def test_it_equals_pytorch(golden, name):
    """Outputs and gradients agree to a float16 unit in the last place, statistics to float32's."""
    case, layer = golden(f"half/{name}"), Standardize()
    _, state, _ = layer.init([None] * 3, 5, np.dtype(np.float16))
    y, saved, state = layer.forward({}, state, case["x"], training=True)
    dx, _ = layer.backward({}, saved, case["dy"])
    assert case["y"].dtype == y.dtype == dx.dtype == np.float16
    for ours, theirs in ((y, case["y"]), (dx, case["dx"])):
        assert_allclose(ours, theirs, rtol=2 * U, atol=U * np.abs(theirs).max())
    for key in ("running_mean", "running_var"):
        assert_allclose(state[key], case[key], rtol=2e-6)
