"""Residual blocks: by hand, frozen, trained; the comparison with PyTorch is in test_golden.py."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.parameters import leaves, mapped
from experiments.engine.residual import Residual
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train import Model, train

BLOCK = Residual((Standardize(), Affine(), ReLU(), Dense(4)))
NET = Network((Dense(4), BLOCK, Dense(3)))


def test_leaves_names_every_array_and_mapped_keeps_the_shape() -> None:
    tree = [{"a": np.zeros(2)}, [{}, {"b": np.ones(3)}]]
    assert [path for path, _ in leaves(tree)] == [(0, "a"), (1, 1, "b")]
    doubled = mapped(lambda a: 2 * a + 1, tree)
    assert_array_equal(doubled[1][1]["b"], [3, 3, 3])
    assert doubled[1][0] == {} and (tree[0]["a"] == 0).all()


def test_a_block_by_hand() -> None:
    """y = x + 2x in one run and x − x in the other; the gradient comes back by both ways."""
    block = Residual((Dense(1, bias=False),))
    params, x = [{"weight": np.array([[[2.0]], [[-1.0]]])}], np.array([[[1.0], [3.0]]] * 2)
    y, saved, state = block.forward(params, [{}], x, training=True)
    assert_array_equal(y[..., 0], [[3, 9], [0, 0]])
    assert_array_equal(saved["x"], x)
    assert state == [{}]
    dx, grads = block.backward(params, saved, np.ones((2, 2, 1)))
    assert_array_equal(dx[..., 0], [[3, 3], [0, 0]])
    assert_array_equal(grads[0]["weight"][:, 0, 0], [4, 4])


def test_a_branch_that_changes_the_number_of_features_is_refused(rngs) -> None:
    with pytest.raises(ValueError, match="takes 4 features and gives 5"):
        Residual((Dense(5),)).init(rngs(1), 4, np.dtype(float))


def test_the_block_draws_the_weights_that_its_layers_draw(rngs) -> None:
    inside, _ = NET.init(rngs(2), features=5)
    outside, _ = Network((Dense(4), Dense(4), Dense(3))).init(rngs(2), features=5)
    for i, weight in enumerate((inside[0], inside[1][3], inside[2])):
        assert_array_equal(weight["weight"], outside[i]["weight"])


def test_evaluation_uses_the_running_statistics_of_the_branch(rngs) -> None:
    params, state = NET.init(rngs(2), features=5)
    x = np.random.default_rng(0).standard_normal((2, 6, 5))
    _, _, after = NET.forward(params, state, x, training=True)
    assert not np.array_equal(after[1][0]["running_mean"], state[1][0]["running_mean"])
    first, _, unchanged = NET.forward(params, after, x, training=False)
    alone, _, _ = NET.forward(params, after, x[:, :1], training=False)
    np.testing.assert_allclose(first[:, :1], alone, rtol=1e-12)
    assert_array_equal(unchanged[1][0]["running_var"], after[1][0]["running_var"])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_it_trains_and_freezes(rngs, momentum) -> None:
    start = Model(NET, *NET.init(rngs(2), features=5))
    before = start.copy()
    rng = np.random.default_rng(0)
    batches = [(rng.standard_normal((2, 8, 5)), rng.integers(0, 3, (2, 8))) for _ in range(4)]
    optimizer = SGD(0.05, momentum, weight_decay=0.01, frozen=((1, 1, "gamma"), (2, "bias")))
    losses, trained = [], None
    for trained in train(start, cycle(batches), optimizer, steps=150):
        losses.append(trained.loss.copy())
    assert (losses[-1] < 0.8 * losses[0]).all()
    assert (trained.state[1][0]["running_mean"] != 0).all()
    moved = dict(leaves(trained.params))
    for path, p in leaves(before.params):
        assert np.array_equal(p, moved[path]) == (path in optimizer.frozen), path
    for (_, p), (_, q) in zip(leaves(before.params), leaves(start.params), strict=True):
        assert_array_equal(p, q)  # training copies: conditions can share a start


def test_a_frozen_parameter_that_does_not_exist_is_named(rngs) -> None:
    params, _ = NET.init(rngs(1), features=5)
    with pytest.raises(ValueError, match=r"frozen names \[\(1, 'gamma'\)\].*\(1, 1, 'gamma'\)"):
        SGD(0.1, frozen=((1, "gamma"),)).init(params)
