"""Predictions alone, in company, and with the statistics of a population."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from experiments.data.samples import Data, Samples
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.train import Model, backpropagate
from experiments.measures.modes import (
    MODES,
    accuracy_by_mode,
    batches_of,
    change_of_outputs,
    loss_and_accuracy,
    output_gap,
    predictions,
    predictions_in_batches,
    with_population_statistics,
)
from experiments.training import accuracy, loss

NET = Network(
    (Dense(7), Standardize(), Affine(), ReLU(), Dense(7), Standardize(), Affine(), Dense(4))
)


@pytest.fixture
def model() -> Model:
    rngs = [np.random.default_rng(seed) for seed in (3, 4)]
    return Model(NET, *NET.init(rngs, features=5))


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(5).standard_normal((11, 5))


def test_batches_cover_the_order_and_have_one_size() -> None:
    found = list(batches_of(np.arange(11)[::-1], 4))
    assert [len(part) for part in found] == [4, 4, 4]
    assert_array_equal(found[-1], [3, 2, 1, 0])
    assert len(list(batches_of(np.arange(8), 4))) == 2


def test_predictions_in_batches_are_those_of_every_batch_by_itself(model, x) -> None:
    order = np.random.default_rng(6).permutation(11)
    found = predictions_in_batches(model, x, order, 4)
    for chosen, counted in (
        (order[:4], 4),
        (order[4:8], 3),
        (order[7:], 4),
    ):  # the last batch counts
        expected = predictions(model, x[chosen][None], training=True)
        assert_array_equal(found[:, chosen[:counted]], expected[:, :counted])
    alone = predictions_in_batches(model, x, order[:4], 4)
    assert (alone[:, order[4:]] == -1).all() and (alone[:, order[:4]] >= 0).all()


def test_population_statistics_make_evaluation_mode_training_mode_on_that_population(
    model, x
) -> None:
    exact = with_population_statistics(model, x[None])
    in_training = model.outputs(x[None], training=True)
    assert_allclose(exact.outputs(x[None]), in_training, rtol=1e-12, atol=1e-12)
    assert not np.allclose(model.outputs(x[None]), in_training)


def test_accuracy_by_mode_is_that_of_each_modes_predictions(model, x) -> None:
    data = Data(Samples(x[:6], np.arange(6) % 4), Samples(x, np.arange(11) % 4))
    rng = np.random.default_rng(6)
    found = dict(zip(MODES, accuracy_by_mode(model, data, 4, rng), strict=True))
    order = np.random.default_rng(6).permutation(11)
    in_batches = predictions_in_batches(model, x, order, 4)
    exact = predictions(with_population_statistics(model, x[None, :6]), x[None])
    for mode, classes in (
        ("running", predictions(model, x[None])),
        ("population", exact),
        ("train", in_batches),
    ):
        assert_array_equal(found[mode], (classes == data.test.labels).mean(axis=1))
    plain = Network((Dense(7), ReLU(), Dense(4)))
    without = Model(plain, *plain.init([rng], features=5))
    first, *others = accuracy_by_mode(without, data, 4, rng)
    assert all(np.array_equal(first, other) for other in others)


def test_the_gap_is_that_of_outputs_and_none_where_modes_are_alike(model, x) -> None:
    x, labels = np.stack([x, x + 1]), np.zeros((2, 11), dtype=int)
    moment = backpropagate(model, x, labels)
    for run, gap in enumerate(output_gap(moment)):
        train, evaluate = (model.outputs(x, mode)[run] for mode in (True, False))
        assert gap == pytest.approx(np.linalg.norm(evaluate - train) / np.linalg.norm(train))
        assert gap > 0.01
    assert (output_gap(backpropagate(moment, x, labels, training=False)) == 0).all()
    moment.logits[1] = np.nan
    assert output_gap(moment).tolist() == [output_gap(moment)[0], np.inf]


def test_outputs_in_training_mode_change_with_a_mean_that_is_not_taken_out(
    x, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without ε, twice the samples or the samples and one give the same outputs."""
    norm = Standardize(replace(PYTORCH, eps=0.0))
    network = Network((Dense(7), norm, Affine(), ReLU(), Dense(4)))
    model = Model(network, *network.init([np.random.default_rng(1)] * 2, features=5))
    for changed in (2 * x, x + 1):
        assert (change_of_outputs(model, x, changed) < 1e-12).all()
    assert (change_of_outputs(model, x, x**2) > 0.1).all()
    original = Standardize.forward

    def forward(self, params, state, x, training, buffers=None):
        y, saved, state = original(self, params, state, x, training, buffers)
        return y + (saved["mean"] * saved["inv_std"])[:, None, :], saved, state

    monkeypatch.setattr(Standardize, "forward", forward)
    assert (change_of_outputs(model, x, x + 1) > 1e-3).all()


def test_loss_and_accuracy_are_those_of_every_run_by_itself(model, x) -> None:
    labels = np.arange(11) % 4
    losses, accuracies = loss_and_accuracy(model, x[None], labels[None])
    data = Samples(x, labels)
    assert_allclose(losses, loss(model, data), rtol=1e-12)
    assert_array_equal(accuracies, accuracy(model, data))
    own = np.stack([x, x + 1]), np.stack([labels, labels[::-1]])
    each = loss_and_accuracy(model, *own)
    for run in range(2):
        alone = loss_and_accuracy(model, own[0][run : run + 1], own[1][run : run + 1])
        assert_array_equal(each[:, run], alone[:, run])
