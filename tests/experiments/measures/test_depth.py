"""Gradients on their way down."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.train import Model
from experiments.measures.depth import squared_gradients


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
