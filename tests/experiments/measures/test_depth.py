"""Batches on their way up, and gradients on their way down."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.train import Model
from experiments.measures.depth import random_layers, squared_gradients, untrained
from experiments.runs import Runs


def test_squares_are_those_of_products_of_matrices() -> None:
    rngs = [np.random.default_rng(r) for r in range(2)]
    network = Network((Dense(4, bias=False), ReLU(), Dense(3, bias=False)))
    model = Model(network, *network.init(rngs, 5))
    x, dy = (np.random.default_rng(k).standard_normal((2, 6, n)) for k, n in ((2, 5), (3, 3)))
    _, saved, _ = model.forward(x, training=True)
    found = squared_gradients(model, saved, dy)
    first, _, second = (p.get("weight") for p in model.params)
    above = dy @ second.swapaxes(1, 2)
    below = above * (x @ first > 0)
    for square, gradient in zip(
        found, (below @ first.swapaxes(1, 2), below, above, dy), strict=True
    ):
        assert square == pytest.approx((gradient**2).sum(axis=(1, 2)))


def test_random_layers_are_what_they_are_said_to_be() -> None:
    """Three layers of one network in plain NumPy, from the same streams."""
    width, runs = 6, Runs(3, 4)
    conditions = [("linear", "batch norm", 5), ("relu", "batch norm", 7), ("relu", "none", 7)]
    found = list(random_layers(conditions, width, 3, runs))
    data, weights = Runs((3, width, 2), 2).streams()
    x = data.standard_normal((7, width), np.float32).astype(float)
    drawn = [weights.standard_normal((width, width), np.float32) for _ in range(3)]
    for k, (activation, norm, batch) in enumerate(conditions):
        h = x[:batch]
        assert (found[0][k][2] == h).all()
        for layer, weight in enumerate(drawn, start=1):
            z = h @ weight
            mean, std = (
                (z.mean(axis=0), z.std(axis=0))
                if norm == "batch norm"
                else (0, np.sqrt((z**2).mean()))
            )
            assert found[layer][k][2] == pytest.approx((z - mean) / std, rel=1e-3, abs=1e-4)
            h = np.maximum((z - mean) / std, 0) if activation == "relu" else (z - mean) / std


def test_untrained_networks_of_a_run_have_the_same_weights_and_ends() -> None:
    dense = Dense(4, bias=False)
    networks = Network((dense, ReLU(), dense)), Network((dense, dense))
    found = list(untrained(networks, (3, 5), 4, Runs(7, 2, first=1)))
    assert len(found) == 2
    for run, ((one, other), ends) in enumerate(found, start=1):
        weights, *rngs = Runs((7, run), 3).streams()
        for k in range(2):
            drawn = np.float32(dense.weights(weights, 4, 4))
            assert (one.params[2 * k]["weight"] == drawn).all()
            assert (other.params[k]["weight"] == drawn).all()
        for rng, batch, end in zip(rngs, (3, 5), ends, strict=True):
            assert (end == rng.standard_normal((2, 1, batch, 4), np.float32)).all()
