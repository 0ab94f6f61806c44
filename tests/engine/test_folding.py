"""Folding: the same function in evaluation, and a refusal where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from experiments.engine.activations import ReLU, Tanh
from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.dropout import Dropout
from experiments.engine.folding import fold
from experiments.engine.ghost import Ghost
from experiments.engine.network import Network
from experiments.engine.renormalize import Renormalize
from experiments.engine.residual import Residual
from experiments.engine.standardize import KERAS, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups


def some(net: Network, rngs, dtype=np.float64):
    """Parameters and state with nothing at its starting value."""
    params, state = net.init(rngs(3), features=5, dtype=dtype)
    rng = np.random.default_rng(1)
    for layer in params:
        for name in layer:
            layer[name] += rng.standard_normal(layer[name].shape).astype(dtype)
    for layer in state:
        for name in layer:
            layer[name] = rng.uniform(0.5, 2, layer[name].shape).astype(layer[name].dtype)
    return params, state, rng.standard_normal((3, 6, 5)).astype(dtype)


@pytest.mark.parametrize(
    "layers",
    [
        (Dense(4), Standardize(), Affine()),
        (Dense(4, bias=False), Standardize(), Affine()),
        (Dense(4), Standardize(convention=KERAS), ReLU(), Dense(3)),
        (
            Dense(4),
            Affine(),
            Tanh(),
            Dense(3, bias=False),
            Standardize(),
            Affine(),
            ReLU(),
            Dense(2),
            Standardize(),
        ),
        (Dense(4), Standardize(), Affine(), Standardize(), Affine()),
    ],
)
def test_it_is_the_same_function(layers, rngs):
    net = Network(layers)
    params, state, x = some(net, rngs)
    if len(layers) == 5 and isinstance(layers[3], Standardize):
        with pytest.raises(ValueError, match=r"layer 3 \(Standardize\) follows Affine"):
            fold(net, params, state)
        return
    before = [{name: a.copy() for name, a in layer.items()} for layer in (*params, *state)]
    folded, weights = fold(net, params, state)
    assert not any(isinstance(layer, Standardize) for layer in folded.layers)
    y, _, _ = net.forward(params, state, x, training=False)
    z, _, _ = folded.forward(weights, [{}] * len(folded.layers), x, training=False)
    assert_allclose(z, y, rtol=1e-12, atol=1e-12)
    for layer, kept in zip((*params, *state), before, strict=True):
        for name in kept:
            assert_array_equal(layer[name], kept[name])


@pytest.mark.parametrize("padding", ["zero", "circular"])
@pytest.mark.parametrize("bias", [True, False])
def test_it_folds_into_convolutions(padding, bias, rngs):
    """Channel by channel, at the border too: batch norm comes after the zeros."""
    net = Network(
        (
            Convolution(3, padding=padding, bias=bias),
            Standardize(),
            Affine(),
            ReLU(),
            Convolution(2, stride=2),
            Standardize(),
        )
    )
    params, state, _ = some(net, rngs)
    x = np.random.default_rng(2).standard_normal((3, 4, 5, 6, 7))
    folded, weights = fold(net, params, state)
    assert [type(layer) for layer in folded.layers] == [Convolution, ReLU, Convolution]
    y, _, _ = net.forward(params, state, x, training=False)
    z, _, _ = folded.forward(weights, [{}] * 3, x, training=False)
    assert_allclose(z, y, rtol=1e-12, atol=1e-12)


def test_by_hand():
    """2x + 1, mean 3, variance 4, no ε: (2x + 1 − 3)/2 · 5 + 7 = 5x + 2."""
    from experiments.engine.standardize import Convention

    net = Network((Dense(1), Standardize(convention=Convention(0.0, 0.1, True)), Affine()))
    dense = {"weight": np.full((1, 1, 1), 2.0), "bias": np.ones((1, 1))}
    affine = {"gamma": np.full((1, 1), 5.0), "beta": np.full((1, 1), 7.0)}
    params = [dense, {}, affine]
    state = [{}, {"running_mean": np.full((1, 1), 3.0), "running_var": np.full((1, 1), 4.0)}, {}]
    _, (folded,) = fold(net, params, state)
    assert folded["weight"].item() == 5 and folded["bias"].item() == 2


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_it_keeps_the_precision(dtype, rngs):
    net = Network((Dense(4, bias=False), Standardize(), Affine()))
    params, state, _ = some(net, rngs, dtype)
    _, (folded,) = fold(net, params, state)
    assert {p.dtype for p in folded.values()} == {np.dtype(dtype)}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((Dense(4), ReLU(), Standardize()), r"layer 2 \(Standardize\) follows ReLU"),
        ((Dense(4), Dropout(0.5), Standardize()), "follows Dropout"),
        ((Standardize(), Dense(4)), r"layer 0 \(Standardize\) is the first layer"),
        (
            (Dense(4), Residual((Dense(4), Standardize()))),
            r"layer 1 \(Residual\) has layers of its own",
        ),
        (
            (Dense(4), StandardizeFeatures()),
            r"layer 1 \(StandardizeFeatures\) takes statistics of each sample",
        ),
        ((Dense(4), StandardizeGroups(2)), r"layer 1 \(StandardizeGroups\)"),
    ],
)
def test_it_refuses_what_is_not_linear(layers, message, rngs):
    net = Network(layers)
    params, state = net.init(rngs(1), features=5)
    with pytest.raises(ValueError, match=message):
        fold(net, params, state)


@pytest.mark.parametrize("layer", [Dense(4), Dense(4, bias=False)])
@pytest.mark.parametrize(
    ("weights", "others"), [(np.float16, np.float32), (np.float32, np.float64)]
)
def test_of_two_precisions_it_is_that_of_the_weights(layer, weights, others, rngs):
    """In whatever order a set would hold the two."""
    net = Network((layer, Standardize(), Affine(), Dense(2)))
    params, state, _ = some(net, rngs)
    params = [{name: p.astype(others) for name, p in layer.items()} for layer in params]
    params[0]["weight"] = params[0]["weight"].astype(weights)
    _, folded = fold(net, params, state)
    assert {p.dtype for p in folded[0].values()} == {np.dtype(weights)}
    assert {p.dtype for p in folded[1].values()} == {np.dtype(others)}
    for name, p in params[3].items():
        assert_array_equal(folded[1][name], p)


def test_a_network_without_parameters_stays_as_it_is():
    net = Network((ReLU(), Tanh()))
    assert fold(net, [{}, {}], [{}, {}]) == (net, [{}, {}])


@pytest.mark.parametrize("dtype", [np.int8, np.bool_, np.complex128])
def test_weights_that_are_no_floats_are_refused(dtype, rngs):
    net = Network((Dense(4), Standardize(), Affine()))
    params, state, _ = some(net, rngs)
    params[0]["weight"] = params[0]["weight"].astype(dtype)
    with pytest.raises(TypeError, match=f"weight of layer 0 is {np.dtype(dtype)}"):
        fold(net, params, state)


@pytest.mark.parametrize("name", ["running_mean", "running_var"])
def test_statistics_of_another_width_are_refused(name, rngs):
    net = Network((Dense(4), Standardize(), Affine()))
    params, state, _ = some(net, rngs)
    state[1][name] = state[1][name][:, :1]
    with pytest.raises(ValueError, match=rf"layer 1 \(Standardize\): {name} has shape \(3, 1\)"):
        fold(net, params, state)


@pytest.mark.parametrize("norm", [Ghost(2), Renormalize(3, 5)])
def test_what_is_batch_norm_in_evaluation_folds_as_batch_norm(norm, rngs):
    net = Network((Dense(4), norm, Affine(), ReLU(), Dense(2)))
    params, state, x = some(net, rngs)
    folded, folded_params = fold(net, params, state)
    assert [type(layer) for layer in folded.layers] == [Dense, ReLU, Dense]
    y, _, _ = net.forward(params, state, x, training=False)
    z, _, _ = folded.forward(folded_params, [{}] * 3, x, training=False)
    assert_allclose(z, y, rtol=1e-12, atol=1e-12)
