"""Unit weights, renormalization and ghost batches where PyTorch is silent."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.ghost import Ghost
from experiments.engine.network import Network
from experiments.engine.renormalize import Renormalize
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.sums import beside
from experiments.engine.unit_weights import UnitWeights
from tests.engine.test_gradients import check

SHAPES = [(3, 8, 5), (2, 4, 3, 5, 2)]


def problem(shape):
    """Data, running statistics and an upstream gradient."""
    rng = np.random.default_rng(3)
    x, dy = 1 + 2 * rng.standard_normal(shape), rng.standard_normal(shape)
    state = {
        "running_mean": rng.standard_normal((shape[0], shape[2])),
        "running_var": np.geomspace(0.5, 20, shape[2])
        * rng.uniform(0.9, 1.1, (shape[0], shape[2])),
    }
    return x, dy, state, rng


@pytest.mark.parametrize("shape", SHAPES)
def test_renormalization_without_limits_is_what_evaluation_computes(shape):
    x, _, state, _ = problem(shape)
    layer = Renormalize(1e9, 1e9)
    trained, evaluated = (layer.forward({}, state, x, training)[0] for training in (True, False))
    assert_allclose(trained, evaluated, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_renormalization_within_limits_of_one_and_zero_is_batch_norm(shape):
    x, dy, state, _ = problem(shape)
    ours, theirs = Renormalize(1, 0), Standardize()
    y, saved, after = ours.forward({}, state, x, True)
    expected, kept, expected_after = theirs.forward({}, state, x, True)
    assert_array_equal(y, expected)
    assert_array_equal(ours.backward({}, saved, dy)[0], theirs.backward({}, kept, dy)[0])
    assert {name: a.tobytes() for name, a in after.items()} == {
        name: a.tobytes() for name, a in expected_after.items()
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_renormalization_cuts_off_and_passes_no_gradient_through_r_and_d(shape):
    x, dy, state, rng = problem(shape)
    layer = Renormalize(1.2, 0.3)
    axes = (1, *range(3, x.ndim))
    mean, std = x.mean(axis=axes), np.sqrt(x.var(axis=axes) + PYTORCH.eps)
    running = np.sqrt(state["running_var"] + PYTORCH.eps)
    r, d = std / running, (mean - state["running_mean"]) / running
    assert (r > 1.2).any() and (r < 1 / 1.2).any() and (np.abs(d) > 0.3).any()
    r, d = np.clip(r, 1 / 1.2, 1.2), np.clip(d, -0.3, 0.3)

    def f(x):
        mean, var = x.mean(axis=axes), x.var(axis=axes)
        xhat = (x - beside(mean, x)) / np.sqrt(beside(var, x) + PYTORCH.eps)
        return xhat * beside(r, x) + beside(d, x)

    y, saved, _ = layer.forward({}, state, x, True)
    assert_allclose(y, f(x), rtol=1e-12, atol=1e-12)
    check(lambda x: dy * f(x), [layer.backward({}, saved, dy)[0]], [x], rng)
    _, saved, _ = layer.forward({}, state, x, False)
    check(
        lambda x: dy * layer.forward({}, state, x, False)[0],
        [layer.backward({}, saved, dy)[0]],
        [x],
        rng,
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_a_ghost_batch_is_a_batch(shape):
    x, dy, state, _ = problem(shape)
    y, saved, after = Ghost(2).forward({}, state, x, True)
    dx, _ = Ghost(2).backward({}, saved, dy)
    batch, means, variances = Standardize(), [], []
    for first in range(0, shape[1], 2):
        part = slice(first, first + 2)
        expected, kept, _ = batch.forward({}, state, x[:, part], True)
        assert_array_equal(y[:, part], expected)
        assert_array_equal(dx[:, part], batch.backward({}, kept, dy[:, part])[0])
        means.append(kept["mean"])
        variances.append(kept["var"])
    values = 2 * int(np.prod(shape[3:]))
    assert_allclose(
        after["running_mean"],
        0.9 * state["running_mean"] + 0.1 * np.mean(means, axis=0),
        rtol=1e-14,
    )
    assert_allclose(
        after["running_var"],
        0.9 * state["running_var"] + 0.1 * np.mean(variances, axis=0) * values / (values - 1),
        rtol=1e-14,
    )
    evaluated = (layer.forward({}, state, x, False)[0] for layer in (Ghost(2), batch))
    assert_array_equal(*evaluated)


def test_lengths_as_gamma_give_the_layer_itself():
    net = Network((UnitWeights(Dense(4, bias=False)), Affine()))
    params, state = net.init([np.random.default_rng(r) for r in range(2)], 6)
    plain = params[0]["weight"].copy()
    params[1]["gamma"] = net.layers[0].lengths(params[0])
    x = np.random.default_rng(9).standard_normal((2, 3, 6))
    y, saved, _ = net.forward(params, state, x, True)
    assert_allclose(y, x @ plain, rtol=1e-12, atol=1e-12)
    _, grads = net.backward(params, saved, np.cos(y))
    along = (grads[0]["weight"] * plain).sum(axis=1)
    assert_allclose(along, 0, atol=1e-12)


def test_what_cannot_be_is_refused():
    x, _, state, _ = problem((2, 7, 3))
    for r_max, d_max in ((0.9, 0), (1, -0.1)):
        with pytest.raises(ValueError, match="at least"):
            Renormalize(r_max, d_max)
    with pytest.raises(ValueError, match="7 samples"):
        Ghost(2).forward({}, state, x, True)
    with pytest.raises(ValueError, match="bias=False"):
        UnitWeights(Dense(3))


def test_unit_weights_in_half_precision():
    """Weights, output and gradients are float16; lengths are taken in float32, where v² fits."""
    layer = UnitWeights(Dense(3, bias=False))
    rng = np.random.default_rng(0)
    v = (300 * rng.standard_normal((2, 5, 3))).astype(np.float16)
    x, dy = rng.standard_normal((2, 2, 4, 3)).astype(np.float16)
    x = np.concatenate([x, x[..., :2]], axis=2)
    found = {}
    for dtype in (np.float16, np.float64):
        y, saved, _ = layer.forward({"weight": v.astype(dtype)}, {}, x.astype(dtype), True)
        dx, grads = layer.backward({"weight": v.astype(dtype)}, saved, dy.astype(dtype))
        found[dtype] = y, dx, grads["weight"]
        assert {a.dtype for a in found[dtype]} == {np.dtype(dtype)}
    for half, exact in zip(found[np.float16], found[np.float64], strict=True):
        assert_allclose(half, exact, atol=4e-3 * np.abs(exact).max())
