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
from experiments.engine.residual import Residual
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import train

NET = Network((Dense(6), Standardize(), Affine(), Sigmoid(), Dense(3)))


@pytest.fixture
def start(rngs):
    rng = np.random.default_rng(0)
    batches = [(rng.standard_normal((2, 8, 5)), rng.integers(0, 3, (2, 8))) for _ in range(4)]
    return *NET.init(rngs(2), features=5), batches


INSTRUMENTS = {
    "weight": lambda m: m.params[0]["weight"],
    "running_mean": lambda m: m.state[1]["running_mean"],
    "loss": lambda m: m.loss,
    "logits": lambda m: m.logits,
    "gradient": lambda m: m.grads[0]["weight"],
    "xhat": lambda m: m.saved[1]["xhat"],
    "x": lambda m: m.x,
    "step": lambda m: m.step,
}


def test_readings_are_those_of_the_plain_loop(start):
    """At step t: parameters after t updates, statistics of t batches, loss and gradient on the next batch."""
    params, state, batches = start
    optimizer = SGD(0.5, momentum=0.9)
    readings = dict(
        train(NET, params, state, cycle(batches), optimizer, at=(7, 0, 3), instruments=INSTRUMENTS)
    )
    assert list(readings) == [0, 3, 7]

    params = [{name: p.copy() for name, p in layer.items()} for layer in params]
    velocity = optimizer.init(params)
    for step in range(8):
        x, labels = batches[step % 4]
        y, saved, after = NET.forward(params, state, x, training=True)
        loss, dy = softmax_cross_entropy(y, labels)
        _, grads = NET.backward(params, saved, dy)
        if step in readings:
            expected = {"weight": params[0]["weight"], "running_mean": state[1]["running_mean"], "loss": loss, "logits": y,
                        "gradient": grads[0]["weight"], "xhat": saved[1]["xhat"], "x": x, "step": step}  # fmt: skip
            assert readings[step].keys() == expected.keys()
            for name, value in expected.items():
                assert_array_equal(readings[step][name], value, err_msg=f"{name} at step {step}")
        optimizer.update(params, grads, velocity)
        state = after


def test_training_leaves_the_start_alone(start):
    params, state, batches = start
    before = [p.copy() for layer in (*params, *state) for p in layer.values()]
    first, second = (
        dict(train(NET, params, state, cycle(batches), SGD(0.5), at=[9], instruments=INSTRUMENTS))
        for _ in range(2)
    )
    assert_array_equal(first[9]["weight"], second[9]["weight"])
    for p, q in zip(
        before, (p for layer in (*params, *state) for p in layer.values()), strict=True
    ):
        assert_array_equal(p, q)


def test_the_loss_falls(start):
    params, state, batches = start
    readings = dict(
        train(
            NET, params, state, cycle(batches), SGD(0.5, 0.9), at=(0, 200), instruments=INSTRUMENTS
        )
    )
    assert (readings[200]["loss"] < 0.2 * readings[0]["loss"]).all()


def test_it_draws_one_batch_more_than_its_updates(start):
    params, state, batches = start
    drawn = count()
    counted = ((batches[next(drawn) % 4]) for _ in count())
    list(train(NET, params, state, counted, SGD(0.5), at=(2, 5), instruments={}))
    assert next(drawn) == 6


def test_too_few_batches(start):
    params, state, batches = start
    with pytest.raises(ValueError, match="ended after 4, but reading at step 4 takes 5"):
        list(train(NET, params, state, batches, SGD(0.5), at=[4], instruments={}))
    list(train(NET, params, state, batches, SGD(0.5), at=[3], instruments={}))


def test_nothing_to_read(start):
    params, state, batches = start
    with pytest.raises(ValueError, match="at least one step"):
        list(train(NET, params, state, batches, SGD(0.5), at=(), instruments={}))


@pytest.mark.parametrize(
    "way", [lambda *layers: layers, lambda *layers: (Residual(layers),)], ids=["plain", "residual"]
)
def test_a_step_allocates_no_array_of_the_size_of_an_activation(rngs, way):
    """Everything large is in buffers after the first step. (NumPy's own, for broadcasting, are 64 KiB.)"""
    block = way(Dense(128), Standardize(), Affine(), Sigmoid())
    net, runs, samples = Network((*block, *block, Dense(3))), 4, 200
    params, state = net.init(rngs(runs), features=128)
    rng = np.random.default_rng(0)
    batch = rng.standard_normal((runs, samples, 128)), rng.integers(0, 3, (runs, samples))
    peaks = {}

    def note(moment):
        peaks[moment.step] = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        return 0

    tracemalloc.start()
    try:
        list(
            train(
                net,
                params,
                state,
                cycle([batch]),
                SGD(0.1, 0.9, 0.01),
                at=range(5),
                instruments={"note": note},
            )
        )
    finally:
        tracemalloc.stop()
    extra = peaks[4][1] - peaks[3][0]
    assert extra < batch[0].nbytes / 4, f"{extra} bytes beside {batch[0].nbytes} of an activation"
