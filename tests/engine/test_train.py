"""The loop: what it yields when, what it leaves alone, what it allocates."""

from __future__ import annotations

import tracemalloc
from itertools import count, cycle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.residual import Residual
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train import Model, train

NET = Network((Dense(6), Standardize(), Affine(), Sigmoid(), Dense(3)))


@pytest.fixture
def start(rngs):
    rng = np.random.default_rng(0)
    batches = [(rng.standard_normal((2, 8, 5)), rng.integers(0, 3, (2, 8))) for _ in range(4)]
    return Model(NET, *NET.init(rngs(2), features=5)), batches


def readings(moment) -> dict[str, np.ndarray]:
    """What is read of a moment, copied, since the next one overwrites it."""
    return {
        "weight": moment.params[0]["weight"].copy(),
        "running_mean": moment.state[1]["running_mean"].copy(),
        "loss": moment.loss.copy(),
        "logits": moment.logits.copy(),
        "gradient": moment.grads[0]["weight"].copy(),
        "xhat": moment.saved[1]["xhat"].copy(),
        "x": moment.x.copy(),
    }


def test_moments_are_those_of_the_plain_loop(start):
    """At step t: parameters after t updates, statistics of t batches, the next batch's gradient."""
    model, batches = start
    optimizer = SGD(0.5, momentum=0.9)
    moments = train(model, cycle(batches), optimizer, steps=7)
    read = {moment.step: readings(moment) for moment in moments}
    assert list(read) == list(range(8))

    params, state = model.copy().params, model.state
    progress = optimizer.init(params)
    for step in range(8):
        x, labels = batches[step % 4]
        y, saved, after = NET.forward(params, state, x, training=True)
        loss, dy = softmax_cross_entropy(y, labels)
        _, grads = NET.backward(params, saved, dy)
        expected = {
            "weight": params[0]["weight"],
            "running_mean": state[1]["running_mean"],
            "loss": loss,
            "logits": y,
            "gradient": grads[0]["weight"],
            "xhat": saved[1]["xhat"],
            "x": x,
        }
        assert read[step].keys() == expected.keys()
        for name, value in expected.items():
            assert_array_equal(read[step][name], value, err_msg=f"{name} at step {step}")
        optimizer.update(params, grads, progress)
        state = after


def test_the_last_moment_is_the_trained_network_and_stays(start):
    model, batches = start
    *_, trained = train(model, cycle(batches), SGD(0.5), steps=9)
    assert trained.step == 9
    seen = {m.step: readings(m) for m in train(model, cycle(batches), SGD(0.5), steps=9)}
    assert_array_equal(trained.params[0]["weight"], seen[9]["weight"])
    assert_array_equal(trained.outputs(batches[0][0]), trained.copy().outputs(batches[0][0]))


def test_training_leaves_the_start_alone(start):
    model, batches = start
    before = model.copy()
    first, second = ([*train(model, cycle(batches), SGD(0.5), steps=9)][-1] for _ in range(2))
    assert_array_equal(first.params[0]["weight"], second.params[0]["weight"])
    for one, other in ((before.params, model.params), (before.state, model.state)):
        for (_, p), (_, q) in zip(leaves(one), leaves(other), strict=True):
            assert_array_equal(p, q)


def test_the_loss_falls(start):
    model, batches = start
    losses = [m.loss.copy() for m in train(model, cycle(batches), SGD(0.5, 0.9), steps=200)]
    assert (losses[200] < 0.2 * losses[0]).all()


def test_in_evaluation_mode_running_statistics_stay_and_parameters_move(start):
    model, batches = start
    *_, trained = train(model, cycle(batches), SGD(0.5), steps=5, training=False)
    assert_array_equal(trained.state[1]["running_mean"], model.state[1]["running_mean"])
    assert not np.array_equal(trained.params[0]["weight"], model.params[0]["weight"])


def test_it_draws_one_batch_more_than_its_updates(start):
    model, batches = start
    drawn = count()
    counted = ((batches[next(drawn) % 4]) for _ in count())
    list(train(model, counted, SGD(0.5), steps=5))
    assert next(drawn) == 6


def test_too_few_batches(start):
    model, batches = start
    with pytest.raises(ValueError, match="4 steps take 5 batches, but there were only 4"):
        list(train(model, batches, SGD(0.5), steps=4))
    list(train(model, batches, SGD(0.5), steps=3))


@pytest.mark.parametrize(
    "form", [lambda *layers: layers, lambda *layers: (Residual(layers),)], ids=["plain", "residual"]
)
def test_a_step_allocates_no_array_of_the_size_of_an_activation(rngs, form):
    """All large arrays are in buffers after the first step; NumPy's own buffers are 64 KiB."""
    block = form(Dense(128), Standardize(), Affine(), Sigmoid())
    net, runs, samples = Network((*block, *block, Dense(3))), 4, 200
    model = Model(net, *net.init(rngs(runs), features=128))
    rng = np.random.default_rng(0)
    batch = rng.standard_normal((runs, samples, 128)), rng.integers(0, 3, (runs, samples))
    peaks = {}
    tracemalloc.start()
    try:
        for moment in train(model, cycle([batch]), SGD(0.1, 0.9, weight_decay=0.01), steps=4):
            peaks[moment.step] = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    extra = peaks[4][1] - peaks[3][0]
    assert extra < batch[0].nbytes / 4, f"{extra} bytes beside {batch[0].nbytes} of an activation"
