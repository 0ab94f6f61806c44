"""Along the gradient of a loss whose gradient is known, and on copies only."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.standardize import Standardize
from experiments.engine.train import Model
from experiments.measures.landscape import along_gradient


def _problem(network: Network, runs: int = 2) -> tuple[Model, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    model = Model(network, *network.init([np.random.default_rng(s) for s in range(runs)], 4))
    return model, rng.standard_normal((runs, 12, 4)), rng.integers(0, 3, (runs, 12))


def _softmax_regression(
    w: np.ndarray, x: np.ndarray, labels: np.ndarray
) -> tuple[float, np.ndarray]:
    p = np.exp(x @ w)
    p /= p.sum(axis=1, keepdims=True)
    onehot = np.eye(w.shape[1])[labels]
    return -np.log(p[np.arange(len(labels)), labels]).mean(), x.T @ (p - onehot) / len(labels)


def test_it_is_what_softmax_regression_gives_by_hand() -> None:
    model, x, labels = _problem(Network((Dense(3, bias=False),)))
    steps = np.array([0.5, 2.0])
    along = along_gradient(model, x, labels, steps)
    for run in range(2):
        w = model.params[0]["weight"][run]
        start, g = _softmax_regression(w, x[run], labels[run])
        assert along.start[run] == pytest.approx(start)
        assert along.gradient[run] == pytest.approx(np.linalg.norm(g))
        for k, step in enumerate(steps):
            loss, new = _softmax_regression(w - step * g, x[run], labels[run])
            assert along.loss[k, run] == pytest.approx(loss)
            assert along.change[k, run] == pytest.approx(np.linalg.norm(g - new))
            assert along.smoothness[k, run] == pytest.approx(
                np.linalg.norm(g - new) / (step * np.linalg.norm(g))
            )


def test_nothing_that_is_passed_in_changes() -> None:
    network = Network((Dense(5, bias=False), Standardize(), Affine(), Dense(3)))
    model, x, labels = _problem(network)
    before = model.copy()
    along_gradient(model, x, labels, np.array([1.0]))
    for now, then in ((model.params, before.params), (model.state, before.state)):
        for (_, a), (_, b) in zip(leaves(now), leaves(then), strict=True):
            assert np.array_equal(a, b)


def test_a_step_is_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        along_gradient(*_problem(Network((Dense(3),))), np.array([0.0, 1.0]))
