"""Rates for each run, frozen parameters, blocks; PyTorch's convention is in test_golden.py."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from experiments.engine import sgd
from experiments.engine.sgd import SGD, Together


def updated(optimizer, params, grads, steps=3):
    params = [{name: p.copy() for name, p in layer.items()} for layer in params]
    velocity = optimizer.init(params)
    for _ in range(steps):
        optimizer.update(params, grads, velocity)
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


def test_a_rate_for_each_run(start):
    rates = np.array([0.1, 0.0, 2.0])
    after = updated(SGD(rates, momentum=0.9, weight_decay=0.1), *start)
    for r, rate in enumerate(rates):
        same = updated(SGD(rate, momentum=0.9, weight_decay=0.1), *start)
        for i, name in ((0, "weight"), (0, "bias"), (2, "gamma")):
            assert_array_equal(after[i][name][r], same[i][name][r])
    assert_array_equal(after[0]["weight"][1], start[0][0]["weight"][1])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_frozen_parameters_stay(start, momentum):
    after = updated(
        SGD(0.1, momentum, weight_decay=0.1, frozen=((2, "gamma"), (0, "bias"))), *start
    )
    free = updated(SGD(0.1, momentum, weight_decay=0.1), *start)
    assert_array_equal(after[2]["gamma"], start[0][2]["gamma"])
    assert_array_equal(after[0]["bias"], start[0][0]["bias"])
    assert_array_equal(after[0]["weight"], free[0]["weight"])


@pytest.mark.parametrize("block", [1, 8, 16, 20])
def test_blocks_change_no_byte(start, monkeypatch, block):
    """Runs are updated one by one, in pairs (the last one alone), or at once."""
    whole = updated(SGD(np.array([0.1, 0.2, 0.3]), 0.9, 0.1), *start)
    monkeypatch.setattr(sgd, "BLOCK", block)
    parts = updated(SGD(np.array([0.1, 0.2, 0.3]), 0.9, 0.1), *start)
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
