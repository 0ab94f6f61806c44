"""Rates for each run, frozen parameters, blocks; PyTorch's convention is in test_golden.py."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from experiments.engine import optimizer as shared
from experiments.engine.adam import Adam, AdamW
from experiments.engine.optimizer import Together
from experiments.engine.sgd import SGD

OPTIMIZERS = (
    partial(SGD, weight_decay=0.1),
    partial(SGD, momentum=0.9, weight_decay=0.1),
    partial(Adam, weight_decay=0.1),
    partial(AdamW, weight_decay=0.1),
)
every = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def updated(optimizer, params, grads, steps=3):
    params = [{name: p.copy() for name, p in layer.items()} for layer in params]
    progress = optimizer.init(params)
    for _ in range(steps):
        optimizer.update(params, grads, progress)
    return params


@pytest.fixture
def start():
    rng = np.random.default_rng(0)
    shapes = [{"weight": (3, 4, 2), "bias": (3, 2)}, {}, {"gamma": (3, 2)}]
    return [
        [{name: rng.standard_normal(s) for name, s in layer.items()} for layer in shapes]
        for _ in range(2)
    ]


def test_it_changes_parameters_in_place_and_not_gradients(start):
    params, grads = start
    weight, before, gradient = (
        params[0]["weight"],
        params[0]["weight"].copy(),
        grads[0]["weight"].copy(),
    )
    optimizer = SGD(0.5, weight_decay=0.1)
    optimizer.update(params, grads, optimizer.init(params))
    assert params[0]["weight"] is weight
    np.testing.assert_allclose(weight, before - 0.5 * (gradient + 0.1 * before), rtol=1e-14)
    assert_array_equal(grads[0]["weight"], gradient)


@every
def test_a_rate_for_each_run(start, optimizer):
    rates = np.array([0.1, 0.0, 2.0])
    after = updated(optimizer(rates), *start)
    for r, rate in enumerate(rates):
        same = updated(optimizer(rate), *start)
        for i, name in ((0, "weight"), (0, "bias"), (2, "gamma")):
            assert_array_equal(after[i][name][r], same[i][name][r])
    assert_array_equal(after[0]["weight"][1], start[0][0]["weight"][1])


@every
def test_frozen_parameters_stay(start, optimizer):
    after = updated(optimizer(0.1, frozen=((2, "gamma"), (0, "bias"))), *start)
    free = updated(optimizer(0.1), *start)
    assert_array_equal(after[2]["gamma"], start[0][2]["gamma"])
    assert_array_equal(after[0]["bias"], start[0][0]["bias"])
    assert_array_equal(after[0]["weight"], free[0]["weight"])


@every
@pytest.mark.parametrize("block", [1, 8, 16, 20])
def test_blocks_change_no_byte(start, monkeypatch, block, optimizer):
    """Runs are updated one by one, in pairs (the last one alone), or at once."""
    whole = updated(optimizer(np.array([0.1, 0.2, 0.3])), *start)
    monkeypatch.setattr(shared, "BLOCK", block)
    parts = updated(optimizer(np.array([0.1, 0.2, 0.3])), *start)
    assert_array_equal(parts[0]["weight"], whole[0]["weight"])
    assert_array_equal(parts[2]["gamma"], whole[2]["gamma"])


def test_errors_name_what_was_wrong(start):
    with pytest.raises(ValueError, match=r"frozen names \[\(1, 'gamma'\)\]"):
        SGD(0.1, frozen=((1, "gamma"),)).init(start[0])
    with pytest.raises(ValueError, match=r"\(2,\).*one a run"):
        SGD(np.array([0.1, 0.2])).init(start[0])


def test_optimizers_together_each_move_their_own(start):
    params, grads = start
    fast, slow = (
        SGD(0.5, frozen=((0, "bias"), (2, "gamma"))),
        SGD(0.1, 0.9, frozen=((0, "weight"),)),
    )
    both = updated(Together((fast, slow)), params, grads)
    assert_array_equal(both[0]["weight"], updated(fast, params, grads)[0]["weight"])
    for layer, name in ((0, "bias"), (2, "gamma")):
        assert_array_equal(both[layer][name], updated(slow, params, grads)[layer][name])


def test_the_first_step_of_adam_is_the_rate_whatever_the_size_of_the_gradient(start):
    """Both averages are divided by what they lack for having started at zero: m̂/√v̂ = ±1."""
    params, grads = start
    for size in (1e-3, 1.0, 1e3):
        scaled = [{name: size * g for name, g in layer.items()} for layer in grads]
        after = updated(Adam(0.25), params, scaled, steps=1)[0]["weight"]
        expected = params[0]["weight"] - 0.25 * np.sign(grads[0]["weight"])
        np.testing.assert_allclose(after, expected, rtol=0, atol=0.25e-8 / (size * 1e-3))


def test_decay_apart_from_the_gradient_shrinks_what_has_no_gradient(start):
    params, grads = start
    none = [{name: 0 * g for name, g in layer.items()} for layer in grads]
    after = updated(AdamW(0.5, weight_decay=0.1), params, none)[0]["weight"]
    np.testing.assert_allclose(after, params[0]["weight"] * 0.95**3, rtol=1e-14)
