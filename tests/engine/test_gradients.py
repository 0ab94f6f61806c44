"""Every derivative against central differences, along one random direction for each run.

With h = 2e-5 the five-point stencil (8 (f(h) − f(−h)) − (f(2h) − f(−2h)))/12h is wrong by about
h⁴/30 f⁽⁵⁾ ≈ 5e-21 f⁽⁵⁾ (truncation) and 1.5 u/h Σ|terms of f| ≈ 1e-11 Σ|terms| (rounding). An error
of 1e-9 (Σ|terms| + |gradient|) leaves a hundred times as much room for rounding, and lets fifth
derivatives reach 1e10, as beside a small σ. A wrong factor or a missing term changes the derivative
by a share of order one. A random direction meets an error in any component with probability one.
"""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.activations import ReLU, Sigmoid, Tanh
from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.flatten import Flatten
from experiments.engine.ghost import Ghost
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.parameters import leaves, mapped
from experiments.engine.residual import Residual
from experiments.engine.root_mean_square import RootMeanSquare
from experiments.engine.standardize import KERAS, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.engine.unit_weights import UnitWeights

H, TOLERANCE = 2e-5, 1e-9

LAYERS = {
    "dense": Dense(3),
    "dense without bias": Dense(3, bias=False),
    "batch": Standardize(),
    "batch, large eps": Standardize(convention=KERAS),
    "features": StandardizeFeatures(1e-3),
    "groups": StandardizeGroups(2),
    "root mean square": RootMeanSquare(),
    "unit weights": UnitWeights(Dense(3, bias=False)),
    "affine": Affine(),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "relu": ReLU(),
}
IMAGE_LAYERS = {
    "convolution": Convolution(3),
    "convolution, circular": Convolution(3, padding="circular"),
    "convolution, stride 2": Convolution(2, 5, stride=2, bias=False),
    "convolution, circular, stride 3": Convolution(2, 5, stride=3, padding="circular"),
    "batch": Standardize(),
    "features": StandardizeFeatures(1e-3),
    "groups": StandardizeGroups(2),
    "one channel a group": StandardizeGroups(4),
    "root mean square": RootMeanSquare(),
    "unit weights": UnitWeights(Convolution(3, bias=False)),
    "affine": Affine(),
    "relu": ReLU(),
}
SHAPES = [(1, 7, 4), (3, 5, 6), (2, 2, 2), (2, 40, 2)]


def away_from_zero(x):
    """Shift numbers away from the kink of a ReLU, further than a difference reaches."""
    return x + np.where(x >= 0, 0.1, -0.1)


def check(f, gradients, inputs, rng):
    """Compare Σ gradient · direction with the derivative of f along that direction, run by run.

    f takes inputs and returns the terms (run, …) whose sum a gradient is of.
    """
    directions = [rng.standard_normal(a.shape) for a in inputs]
    expected = sum(
        (g * d).reshape(len(g), -1).sum(axis=1) for g, d in zip(gradients, directions, strict=True)
    )
    length = np.sqrt(sum(np.square(g).reshape(len(g), -1).sum(axis=1) for g in gradients))

    def at(t):
        terms = f(*(a + t * d for a, d in zip(inputs, directions, strict=True)))
        return terms.reshape(len(terms), -1)

    difference = (8 * (at(H) - at(-H)) - (at(2 * H) - at(-2 * H))).sum(axis=1) / (12 * H)
    room = TOLERANCE * (np.abs(at(0)).sum(axis=1) + length)
    assert (np.abs(difference - expected) <= room).all(), (
        f"{difference} by differences, {expected} analytically"
    )


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_layer(layer, shape, training, rngs):
    check_layer(layer, shape, training, rngs)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5, 6), (1, 2, 4, 2, 2)])
@pytest.mark.parametrize("layer", IMAGE_LAYERS.values(), ids=IMAGE_LAYERS)
def test_layer_on_images(layer, shape, training, rngs):
    check_layer(layer, shape, training, rngs)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(3, 12, 5), (2, 8, 3, 4, 2), (2, 4, 6)])
def test_ghost_batches(shape, training, rngs):
    check_layer(Ghost(4), shape, training, rngs)


def test_flatten(rngs):
    check_layer(Flatten(6), (2, 3, 4, 2, 3), True, rngs)


def check_layer(layer, shape, training, rngs):
    rng = np.random.default_rng(1)
    params, state, _ = layer.init(rngs(shape[0]), shape[2], np.float64)
    params = {name: p + 0.5 * rng.standard_normal(p.shape) for name, p in params.items()}
    state = {name: s + rng.uniform(0.1, 1, s.shape) for name, s in state.items()}
    x = away_from_zero(3 * rng.standard_normal(shape))
    y, saved, _ = layer.forward(params, state, x, training)
    dy = rng.standard_normal(y.shape)
    dx, grads = layer.backward(params, saved, dy)
    assert grads.keys() == params.keys()

    def f(x, *values):
        return dy * layer.forward(dict(zip(params, values, strict=True)), state, x, training)[0]

    check(f, [dx, *(grads[name] for name in params)], [x, *params.values()], rng)


def test_convolutional_network(rngs):
    rng = np.random.default_rng(4)
    bottom = (Convolution(4, padding="circular", bias=False), Standardize(), Affine(), Tanh())
    middle = (Convolution(4, stride=2), StandardizeGroups(2), Affine(), Tanh())
    net = Network((*bottom, *middle, Convolution(6), StandardizeFeatures(), Flatten(9), Dense(3)))
    check_network(
        net, 2, rng.standard_normal((3, 4, 2, 6, 5)), rng.integers(0, 3, (3, 4)), rng, rngs
    )


def test_cross_entropy():
    rng = np.random.default_rng(2)
    logits, labels = 3 * rng.standard_normal((3, 7, 4)), rng.integers(0, 4, (3, 7))
    _, dlogits = softmax_cross_entropy(logits, labels)
    check(lambda z: softmax_cross_entropy(z, labels)[0], [dlogits], [logits], rng)


@pytest.mark.parametrize("norm", [Standardize(), StandardizeFeatures()])
@pytest.mark.parametrize("activation", [Sigmoid(), Tanh()])
def test_network(norm, activation, rngs):
    rng = np.random.default_rng(3)
    block = (Dense(6), norm, Affine(), activation)
    net = Network((*block, *block, Dense(3)))
    check_network(net, 5, rng.standard_normal((3, 9, 5)), rng.integers(0, 3, (3, 9)), rng, rngs)


def check_network(net, features, x, labels, rng, rngs):
    params, state = net.init(rngs(3), features)
    names = [(i, name) for i, layer in enumerate(params) for name in layer]

    def forward(x, *values):
        moved = [dict(layer) for layer in params]
        for (i, name), value in zip(names, values, strict=True):
            moved[i][name] = value
        y, saved, _ = net.forward(moved, state, x, training=True)
        return saved, *softmax_cross_entropy(y, labels)

    saved, _, dy = forward(x, *(params[i][name] for i, name in names))
    dx, grads = net.backward(params, saved, dy)
    check(
        lambda *inputs: forward(*inputs)[1],
        [dx, *(grads[i][name] for i, name in names)],
        [x, *(params[i][name] for i, name in names)],
        rng,
    )
    none, without = net.backward(params, saved, dy, input_gradient=False)
    assert none is None or not isinstance(net.layers[0], Dense)
    for i, name in names:
        np.testing.assert_array_equal(without[i][name], grads[i][name])


@pytest.mark.parametrize("training", [True, False])
def test_residual(training, rngs):
    """A block within a block: every parameter at every depth, and the input's gradient."""
    rng = np.random.default_rng(4)
    inner = Residual((Dense(6), Standardize(), Affine(), Tanh(), Dense(4)))
    net = Network(
        (Dense(4), Residual((Standardize(), Affine(), inner, Dense(4, bias=False))), Tanh())
    )
    params, state = net.init(rngs(3), features=5)
    params = mapped(lambda p: p + 0.5 * rng.standard_normal(p.shape), params)
    state = mapped(lambda s: s + rng.uniform(0.1, 1, s.shape), state)
    x = rng.standard_normal((3, 7, 5))
    paths = [path for path, _ in leaves(params)]
    assert (1, 2, 2, "gamma") in paths

    def forward(x, *values):
        given = iter(values)
        return net.forward(mapped(lambda p: next(given), params), state, x, training)

    y, saved, _ = forward(x, *(p for _, p in leaves(params)))
    dy = rng.standard_normal(y.shape)
    dx, grads = net.backward(params, saved, dy)
    of = dict(leaves(grads))
    assert of.keys() == set(paths)
    values = [p for _, p in leaves(params)]
    check(
        lambda *inputs: dy * forward(*inputs)[0],
        [dx, *(of[path] for path in paths)],
        [x, *values],
        rng,
    )
    for i, path in enumerate(paths):  # one parameter at a time: none hides behind the others
        check(
            lambda value, i=i: dy * forward(x, *values[:i], value, *values[i + 1 :])[0],
            [of[path]],
            [values[i]],
            rng,
        )
