"""Averages at several rates are those that the engine keeps at each of them."""

from __future__ import annotations

from itertools import islice, repeat

import numpy as np
import pytest

from experiments.engine.activations import ReLU
from experiments.measures.running import at_rates, on_a_stream, running_means
from experiments.runs import Runs
from experiments.theory.inference import ema_mean, ema_variance
from experiments.training import load, mlp, optimizer_of, paired, train


def test_at_the_networks_own_rate_averages_in_training_are_the_engines() -> None:
    network, images = mlp((8, 8), "batch norm", ReLU()), load("digits", side=7)
    model, stream = paired(network, images, 60, Runs(3, 3))
    followed = at_rates(train(model, stream, optimizer_of("SGD", 0.1), 7), (0.1, 0.5))
    *_, (moment, (same, quicker)) = followed
    for layer, kept, other in zip(moment.state, same, quicker, strict=True):
        for name in layer:
            assert kept[name] == pytest.approx(layer[name], rel=1e-5)
            assert not np.allclose(other[name], layer[name], rtol=0.01)


def test_on_one_batch_for_ever_the_running_mean_is_its_expectation() -> None:
    x = np.random.default_rng(0).standard_normal((2, 5, 3))
    for step, running in enumerate(islice(running_means(repeat(x), (0.1, 1.0)), 9), 1):
        expected = [ema_mean(step, rate, x.mean(axis=1)) for rate in (0.1, 1.0)]
        np.testing.assert_allclose(running, expected, atol=1e-12)


def test_the_noise_on_a_stream_is_that_of_the_closed_form() -> None:
    rates, variance = (0.1, 0.5), 2.0**2 / 4
    *_, (running, noise) = on_a_stream(rates, 500, 4, 3.0, 2.0, 20, Runs(0, 4))
    expected = [ema_variance(20, rate, variance) for rate in rates]
    assert running[0] == pytest.approx(ema_mean(20, 0.1, 3.0), abs=0.1)
    # four standard errors of a variance over 4 × 500 units
    np.testing.assert_allclose(noise.mean(axis=1), expected, rtol=4 * np.sqrt(2 / 2000))
