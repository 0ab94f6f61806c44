"""Gradients of a batch in parts: those of the whole only where samples do not see each other."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.layer import Layer
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.parameters import leaves, mapped
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.train import Model, backpropagate, train


@pytest.fixture
def start(rngs):
    """A normalization → a model of two runs."""

    def make(norm: Layer) -> Model:
        network = Network((Dense(6), norm, Affine(), Sigmoid(), Dense(3)))
        return Model(network, *network.init(rngs(2), features=5))

    return make


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((2, 8, 5)), rng.integers(0, 3, (2, 8))


@pytest.mark.parametrize("norm", [Standardize(), StandardizeFeatures()])
def test_it_is_the_gradient_of_the_mean_loss_of_the_parts(norm, start, data):
    """A central difference along a random direction, run by run; each part by itself."""
    model, (x, labels) = start(norm), data
    moment = backpropagate(model, x, labels, parts=4)
    rng = np.random.default_rng(1)
    directions = mapped(lambda p: rng.standard_normal(p.shape), model.params)

    def loss(step: float) -> np.ndarray:
        moved = model.copy()
        for (_, p), (_, d) in zip(leaves(moved.params), leaves(directions), strict=True):
            p += step * d
        losses = []
        for j in range(0, 8, 2):
            logits = moved.outputs(x[:, j : j + 2], training=True)
            losses.append(softmax_cross_entropy(logits, labels[:, j : j + 2])[0])
        return np.mean(losses, axis=0)

    along = sum(
        (g * d).sum(axis=tuple(range(1, g.ndim)))
        for (_, g), (_, d) in zip(leaves(moment.grads), leaves(directions), strict=True)
    )
    assert_allclose((loss(1e-6) - loss(-1e-6)) / 2e-6, along, rtol=1e-6, atol=1e-7)
    assert_allclose(moment.loss, loss(0.0))


@pytest.mark.parametrize(("norm", "same"), [(Standardize(), False), (StandardizeFeatures(), True)])
def test_only_without_batch_statistics_is_it_the_gradient_of_the_whole(norm, same, start, data):
    parts, whole = (backpropagate(start(norm), *data, parts=k).grads for k in (4, 1))
    apart = [
        np.abs(a - b).max() / np.abs(b).max()
        for (path, a), (_, b) in zip(leaves(parts), leaves(whole), strict=True)
        if path != (0, "bias")  # zero by itself over the batch
    ]
    assert all((difference < 1e-12) == same for difference in apart), apart


def test_running_statistics_see_every_part(start, data):
    model, (x, labels) = start(Standardize()), data
    after, state = backpropagate(model, x, labels, parts=2).next_state, model.state
    for part in (x[:, :4], x[:, 4:]):
        _, _, state = model.network.forward(model.params, state, part, True)
    assert_array_equal(after[1]["running_mean"], state[1]["running_mean"])


def test_a_run_is_not_touched_by_the_others(start, data):
    model = start(Standardize())
    first = backpropagate(model, *data, parts=4).grads
    x, labels = data[0].copy(), data[1].copy()
    x[1], labels[1] = 1e3, 0
    second = backpropagate(model, x, labels, parts=4).grads
    for (_, a), (_, b) in zip(leaves(first), leaves(second), strict=True):
        assert a[0].tobytes() == b[0].tobytes()


def test_parts_have_one_size(start, data):
    model = start(Standardize())
    with pytest.raises(ValueError, match="8 samples cannot be divided into 3"):
        backpropagate(model, *data, parts=3)
    with pytest.raises(ValueError, match="8 samples cannot be divided into 0"):
        list(train(model, cycle([data]), SGD(0.1), 2, parts=0))


def test_training_in_parts_goes_along_their_mean_gradient(start, data):
    model, optimizer = start(Standardize()), SGD(0.5, momentum=0.9)
    here, progress = model.copy(), optimizer.init(model.params)
    for moment in train(model, cycle([data]), optimizer, 3, parts=2):
        for (_, a), (_, b) in zip(leaves(moment.params), leaves(here.params), strict=True):
            assert_array_equal(a, b)
        own = backpropagate(here, *data, parts=2)
        optimizer.update(here.params, own.grads, progress)
        here = Model(here.network, here.params, own.next_state)
