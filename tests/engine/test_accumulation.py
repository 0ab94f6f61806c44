"""Accumulated gradients: those of the whole batch where samples do not see each other, and only there."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from experiments.engine.accumulation import accumulated, train_in_parts
from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.layer import Layer
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.train_reading import train


def network(norm: Layer) -> Network:
    return Network((Dense(6), norm, Affine(), Sigmoid(), Dense(3)))


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((2, 8, 5)), rng.integers(0, 3, (2, 8))


@pytest.mark.parametrize("norm", [Standardize(), StandardizeFeatures()])
def test_it_is_the_gradient_of_the_mean_loss_of_the_parts(norm, rngs, data):
    """A central difference along a random direction, run by run; each part is passed forward by itself."""
    net, (x, labels) = network(norm), data
    params, state = net.init(rngs(2), features=5)
    grads, _ = accumulated(net, params, state, x, labels, 4)
    rng = np.random.default_rng(1)
    directions = [
        {name: rng.standard_normal(p.shape) for name, p in layer.items()} for layer in params
    ]

    def loss(step: float) -> np.ndarray:
        moved = [
            {name: p + step * directions[i][name] for name, p in layer.items()}
            for i, layer in enumerate(params)
        ]
        losses = []
        for j in range(4):
            logits, _, _ = net.forward(moved, state, x[:, 2 * j : 2 * j + 2], True)
            losses.append(softmax_cross_entropy(logits, labels[:, 2 * j : 2 * j + 2])[0])
        return np.mean(losses, axis=0)

    along = sum(
        (g * d).sum(axis=tuple(range(1, g.ndim)))
        for (_, g), (_, d) in zip(leaves(grads), leaves(directions), strict=True)
    )
    assert_allclose((loss(1e-6) - loss(-1e-6)) / 2e-6, along, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("norm", "same"), [(Standardize(), False), (StandardizeFeatures(), True)])
def test_only_without_batch_statistics_is_it_the_gradient_of_the_whole(norm, same, rngs, data):
    net = network(norm)
    params, state = net.init(rngs(2), features=5)
    parts, whole = (accumulated(net, params, state, *data, k)[0] for k in (4, 1))
    apart = [
        np.abs(a - b).max() / np.abs(b).max()
        for (path, a), (_, b) in zip(leaves(parts), leaves(whole), strict=True)
        if path != (0, "bias")  # zero by itself over the batch
    ]
    assert all((difference < 1e-12) == same for difference in apart), apart


def test_running_statistics_see_every_part(rngs, data):
    net, (x, labels) = network(Standardize()), data
    params, state = net.init(rngs(2), features=5)
    _, after = accumulated(net, params, state, x, labels, 2)
    for part in (x[:, :4], x[:, 4:]):
        _, _, state = net.forward(params, state, part, True)
    assert_array_equal(after[1]["running_mean"], state[1]["running_mean"])


def test_one_part_takes_the_steps_of_plain_training(rngs, data):
    net, optimizer = network(Standardize()), SGD(0.5, momentum=0.9)
    params, state = net.init(rngs(2), features=5)
    readings = {
        "weight": lambda m: m.params[0]["weight"],
        "var": lambda m: m.state[1]["running_var"],
    }
    plain = dict(
        train(net, params, state, cycle([data]), optimizer, at=(0, 5), instruments=readings)
    )
    found = {
        step: (p[0]["weight"].copy(), s[1]["running_var"].copy())
        for step, p, s in train_in_parts(net, params, state, cycle([data]), optimizer, at=(0, 5))
    }
    for step, read in plain.items():
        assert_array_equal(found[step][0], read["weight"])
        assert_array_equal(found[step][1], read["var"])


def test_a_run_is_not_touched_by_the_others(rngs, data):
    net = network(Standardize())
    params, state = net.init(rngs(2), features=5)
    first, _ = accumulated(net, params, state, *data, 4)
    x, labels = data[0].copy(), data[1].copy()
    x[1], labels[1] = 1e3, 0
    second, _ = accumulated(net, params, state, x, labels, 4)
    for (_, a), (_, b) in zip(leaves(first), leaves(second), strict=True):
        assert a[0].tobytes() == b[0].tobytes()


def test_parts_have_one_size_and_batches_must_last(rngs, data):
    net = network(Standardize())
    params, state = net.init(rngs(2), features=5)
    with pytest.raises(ValueError, match="8 samples cannot be divided into 3"):
        accumulated(net, params, state, *data, 3)
    with pytest.raises(ValueError, match="ended after 1"):
        list(train_in_parts(net, params, state, [data], SGD(0.1), at=[2]))
    with pytest.raises(ValueError, match="nothing to read"):
        list(train_in_parts(net, params, state, [data], SGD(0.1), at=[]))


def test_the_start_is_left_as_it_was(rngs, data):
    net = network(Standardize())
    params, state = net.init(rngs(2), features=5)
    before = [a.copy() for _, a in leaves([*params, *state])]
    list(train_in_parts(net, params, state, cycle([data]), SGD(0.5), at=[3], parts=2))
    for a, (_, b) in zip(before, leaves([*params, *state]), strict=True):
        assert_array_equal(a, b)
