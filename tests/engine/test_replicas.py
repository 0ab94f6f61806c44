"""A run has the bytes that it has alone, whatever its neighbours do."""

from __future__ import annotations

import warnings
from itertools import islice

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from experiments.engine.activations import ReLU, Sigmoid, Tanh
from experiments.engine.affine import Affine
from experiments.engine.buffers import Buffers
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.flatten import Flatten
from experiments.engine.ghost import Ghost
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.parameters import mapped
from experiments.engine.renormalize import Renormalize
from experiments.engine.residual import Residual
from experiments.engine.root_mean_square import RootMeanSquare
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.engine.unit_weights import UnitWeights

NETWORKS = {
    "plain": lambda width: (Dense(width), Sigmoid(), Dense(3)),
    "batch norm": lambda width: (
        *(Dense(width), Standardize(), Affine(), Sigmoid()),
        *(Dense(width, bias=False), Standardize(), Affine(), Tanh(), Dense(3)),
    ),
    "layer norm": lambda width: (Dense(width), StandardizeFeatures(), Affine(), ReLU(), Dense(3)),
    "group norm": lambda width: (
        Dense(2 * width),
        StandardizeGroups(2),
        Affine(),
        ReLU(),
        Dense(3),
    ),
    "residual": lambda width: (
        *(Dense(width), Residual((Standardize(), Affine(), ReLU(), Dense(width, bias=False)))),
        *(Residual((Dense(width), Residual((Standardize(), Tanh())), Dense(width))), Dense(3)),
    ),
    "root mean square": lambda width: (Dense(width), RootMeanSquare(), Affine(), ReLU(), Dense(3)),
    "weight normalization": lambda width: (
        *(UnitWeights(Dense(width, bias=False)), Affine(), Tanh()),
        *(UnitWeights(Dense(width, bias=False)), Affine(), ReLU(), Dense(3)),
    ),
    "renormalization": lambda width: (
        *(Dense(width, bias=False), Renormalize(3, 5), Affine(), Sigmoid()),
        *(Dense(width), Renormalize(1.5, 0.5), Affine(), Tanh(), Dense(3)),
    ),
    "normalized data": lambda width: (Standardize(), Affine(), Dense(width), Tanh(), Dense(3)),
}

IMAGE_NETWORKS = {
    "batch norm": (
        *(Convolution(3, bias=False), Standardize(), Affine(), ReLU()),
        *(Convolution(5, 5, stride=2, padding="circular"), Standardize(), Flatten(9), Dense(3)),
    ),
    "others": (
        *(UnitWeights(Convolution(4, bias=False)), Affine(), RootMeanSquare(), Tanh()),
        *(
            Convolution(4),
            Renormalize(3, 5),
            Ghost(2),
            Affine(),
            ReLU(),
            Flatten(30),
            Ghost(2),
            Dense(3),
        ),
    ),
    "layer and group norm": (
        *(Convolution(4), StandardizeFeatures(), Affine(), Tanh()),
        *(Convolution(4), StandardizeGroups(2), Flatten(30), Dense(3)),
    ),
    "each pixel by itself": (
        Convolution(2),
        Flatten(30),
        Standardize(),
        Affine(),
        Sigmoid(),
        Dense(3),
    ),
}


def arrays(tree):
    """Every array in nested lists, tuples and dictionaries, in order."""
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from arrays(value)
    elif isinstance(tree, (list, tuple)):
        for value in tree:
            yield from arrays(value)


def of_run(tree, r):
    """The bytes of one run in everything."""
    return [a[r].tobytes() for a in arrays(tree)]


def pick(tree, r):
    """The same tree with one run in it."""
    if isinstance(tree, dict):
        return {name: pick(value, r) for name, value in tree.items()}
    if isinstance(tree, list):
        return [pick(value, r) for value in tree]
    return tree[r : r + 1].copy()


def problem(name, runs, samples, features, width, dtype, steps=4):
    """A network, its start and some batches."""
    net = Network(NETWORKS[name](width))
    params, state = net.init([np.random.default_rng((5, r)) for r in range(runs)], features, dtype)
    rng = np.random.default_rng(6)
    x = (1 + 2 * rng.standard_normal((steps, runs, samples, features))).astype(dtype)
    return net, params, state, x, rng.integers(0, 3, (steps, runs, samples))


def run(net, params, state, x, labels, optimizer, buffers=None):
    """Train on every batch, then evaluate: every intermediate array, by run."""
    params = mapped(np.copy, params)
    progress, seen = optimizer.init(params), []
    for batch, target in zip(x, labels, strict=True):
        y, saved, state = net.forward(params, state, batch, True, buffers)
        loss, dy = softmax_cross_entropy(y, target, buffers)
        dx, grads = net.backward(params, saved, dy, buffers)
        optimizer.update(params, grads, progress, buffers)
        step = (y, saved, state, loss, dy, dx, grads)
        seen.append([a.copy() for a in arrays(step)])
    return seen, params, state, progress.moments, net.forward(params, state, x[0], training=False)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(list(NETWORKS)),
    runs=st.integers(1, 5),
    samples=st.integers(2, 70),
    features=st.integers(1, 40),
    width=st.integers(1, 40),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@example("batch norm", 5, 2, 1, 1, np.float32)
@example("batch norm", 3, 60, 784, 100, np.float32)
@example("residual", 3, 60, 31, 40, np.float32)
@example("layer norm", 4, 2, 3, 1, np.float64)
@example("group norm", 2, 17, 5, 3, np.float32)
def test_a_run_has_the_bytes_that_it_has_alone(name, runs, samples, features, width, dtype):
    net, params, state, x, labels = problem(name, runs, samples, features, width, dtype)
    optimizer = SGD(0.3, momentum=0.9, weight_decay=0.01)
    together = run(net, params, state, x, labels, optimizer)
    for r in range(runs):
        alone = run(
            net, pick(params, r), pick(state, r), x[:, r : r + 1], labels[:, r : r + 1], optimizer
        )
        assert of_run(together, r) == of_run(alone, 0)


@pytest.mark.parametrize("buffered", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("runs", [1, 2, 4])
@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_of_images_too(name, runs, dtype, buffered):
    """Alone or with others, with buffers or without, and beside a run that diverges."""
    net = Network(IMAGE_NETWORKS[name])
    params, state = net.init([np.random.default_rng((5, r)) for r in range(runs)], 2, dtype)
    rng = np.random.default_rng(6)
    x = (1 + 2 * rng.standard_normal((3, runs, 4, 2, 6, 5))).astype(dtype)
    labels, optimizer = rng.integers(0, 3, (3, runs, 4)), SGD(0.3, momentum=0.9)
    together = run(net, params, state, x, labels, optimizer, Buffers() if buffered else None)
    for r in range(runs):
        alone = run(
            net, pick(params, r), pick(state, r), x[:, r : r + 1], labels[:, r : r + 1], optimizer
        )
        assert of_run(together, r) == of_run(alone, 0)
    x[0, 0, 1, 0, 2, 3] = np.nan
    beside = run(net, params, state, x, labels, optimizer)
    assert of_run(beside, 0) != of_run(together, 0)
    assert all(of_run(beside, r) == of_run(together, r) for r in range(1, runs))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_the_same_images_for_all_runs(name, training):
    net = Network(IMAGE_NETWORKS[name])
    params, state = net.init([np.random.default_rng((5, r)) for r in range(3)], 2, np.float64)
    x = np.random.default_rng(6).standard_normal((1, 4, 2, 6, 5))
    y, saved, _ = net.forward(params, state, x, training)
    repeated = net.forward(params, state, np.repeat(x, 3, axis=0), training)
    assert y.tobytes() == repeated[0].tobytes()
    grads = [net.backward(params, kept, np.cos(y))[1] for kept in (saved, repeated[1])]
    for ours, theirs in zip(*map(arrays, grads), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_steps(dtype):
    """Hundreds of updates, in the shapes of the studies, with buffers and a rate for each run."""
    net, params, state, x, labels = problem("batch norm", 3, 20, 31, 16, dtype, steps=300)
    rates = np.array([0.1, 0.5, 1.0])
    together = run(net, params, state, x, labels, SGD(rates, momentum=0.9), Buffers())
    for r in range(3):
        alone = run(
            net,
            pick(params, r),
            pick(state, r),
            x[:, r : r + 1],
            labels[:, r : r + 1],
            SGD(rates[r], 0.9),
            Buffers(),
        )
        assert of_run(together, r) == of_run(alone, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("where", ["data", "weights", "rate"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_diverging_run_leaves_the_others_alone(name, where, value):
    """And warns of nothing: a diverged run is a result."""
    net, params, state, x, labels = problem(name, 3, 9, 5, 4, np.float32)
    rates = np.full(3, 0.1)
    before = run(net, params, state, x, labels, SGD(rates, momentum=0.5))
    if where == "data":
        x[0, 1, 4, 2] = value
    elif where == "weights":
        next(layer["weight"] for layer in params if "weight" in layer)[1, 0, 0] = value
    else:
        rates[1] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        after = run(net, params, state, x, labels, SGD(rates, momentum=0.5))
    for r in (0, 2):
        assert of_run(before, r) == of_run(after, r)
    assert of_run(before, 1) != of_run(after, 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_buffers_change_no_byte(name):
    net, params, state, x, labels = problem(name, 3, 9, 5, 4, np.float32)
    fresh = run(net, params, state, x, labels, SGD(0.1, 0.9))
    buffered = run(net, params, state, x, labels, SGD(0.1, 0.9), Buffers())
    for r in range(3):
        assert of_run(fresh, r) == of_run(buffered, r)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_one_input_for_all_runs(name, training):
    """(1, sample, feature) is short for the same data in every run."""
    net, params, state, x, _ = problem(name, 3, 9, 5, 4, np.float64)
    for shared in islice(x, 2):
        shared = shared[:1]
        y, saved, after = net.forward(params, state, shared, training)
        dy = np.cos(y)
        _, grads = net.backward(params, saved, dy)
        repeated = net.forward(params, state, np.repeat(shared, 3, axis=0), training)
        assert y.tobytes() == repeated[0].tobytes()
        for ours, theirs in zip(arrays(after), arrays(repeated[2]), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        for ours, theirs in zip(
            arrays(grads), arrays(net.backward(params, repeated[1], dy)[1]), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
