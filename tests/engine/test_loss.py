"""Losses; the values of softmax cross-entropy are held against PyTorch's in test_golden.py."""

from __future__ import annotations

from itertools import repeat

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from experiments.engine.dense import Dense
from experiments.engine.loss import half_squared_error, softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.train import Model, train


def test_no_information_costs_log_of_the_classes():
    loss, dlogits = softmax_cross_entropy(np.zeros((2, 3, 5)), np.zeros((2, 3), int))
    assert_allclose(loss, np.log(5), rtol=1e-15)
    assert_allclose(dlogits[0, 0], np.array([-0.8, 0.2, 0.2, 0.2, 0.2]) / 3, rtol=1e-15)


def test_labels_can_be_shared():
    logits = np.random.default_rng(0).standard_normal((3, 4, 5))
    labels = np.array([[0, 4, 2, 2]])
    shared, repeated = (
        softmax_cross_entropy(logits, t) for t in (labels, np.repeat(labels, 3, axis=0))
    )
    assert_array_equal(shared[0], repeated[0])
    assert_array_equal(shared[1], repeated[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_keeps_dtype_and_input(dtype):
    logits = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(dtype)
    before = logits.copy()
    loss, dlogits = softmax_cross_entropy(logits, np.zeros((3, 4), np.uint8))
    assert loss.dtype == dlogits.dtype == dtype
    assert loss.shape == (3,)
    assert_array_equal(logits, before)


def test_half_squared_error_against_differences():
    rng = np.random.default_rng(0)
    y, target, direction = rng.standard_normal((3, 2, 5, 4))
    loss, dy = half_squared_error(y, target)
    assert_allclose(loss, np.square(y - target).sum(axis=(1, 2)) / 10)
    h = 1e-5
    ends = [half_squared_error(y + step * direction, target)[0] for step in (h, -h)]
    assert_allclose((ends[0] - ends[1]) / (2 * h), (dy * direction).sum(axis=(1, 2)))


def test_training_goes_down_the_gradient_of_the_loss_it_is_given():
    """Of y = xW, ½ mean ‖y − t‖² has the gradient xᵀ(y − t)/m."""
    rng = np.random.default_rng(1)
    x, target = rng.standard_normal((2, 1, 6, 3))
    network = Network((Dense(3, bias=False),))
    model = Model(network, *network.init([rng], 3))
    *_, trained = train(model, repeat((x, target)), SGD(0.1), 1, loss=half_squared_error)
    weight = model.params[0]["weight"][0]
    gradient = x[0].T @ (x[0] @ weight - target[0]) / 6
    assert_allclose(trained.params[0]["weight"][0], weight - 0.1 * gradient)


def test_a_label_that_is_no_class_is_refused():
    for label in (-1, 3):
        with pytest.raises(ValueError, match="3 classes are counted from 0 to 2"):
            softmax_cross_entropy(np.zeros((1, 2, 3)), np.array([[0, label]]))
    with pytest.raises(ValueError, match="an empty batch has no loss"):
        softmax_cross_entropy(np.zeros((1, 0, 3)), np.zeros((1, 0), int))
