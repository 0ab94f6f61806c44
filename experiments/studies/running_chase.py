"""How does a running mean chase the mean of a unit that moves?

One training run on digits, followed step by step: one unit of the second hidden layer with its exact
mean and standard deviation over the training set, what running means of several update rates say, and
the test accuracy of the same weights with each of these statistics. An illustration of
`running_in_training`, whose first run it is, and not a measurement.

What came out: the network is ahead of its running statistics, and the farther the smaller the rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.results import table
from experiments.runs import Runs
from experiments.studies.running_in_training import followed, precise
from experiments.study import Learning, call, setting
from experiments.training import Model, accuracy, load


@dataclass(frozen=True)
class Setup(Learning):
    """Settings of the study."""

    running_rates: tuple[float, ...] = setting(
        (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0), "update rates α of the running averages"
    )
    width: int = setting(64, "units in each of the two hidden layers")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    frames: int = setting(100, "moments of the animation")
    stride: int = setting(3, "training steps from one moment to the next")
    seed: int = setting(3, "every random stream is spawned from it")


QUICK = Setup(running_rates=(0.001, 0.01, 0.1, 1.0), width=16, frames=60, stride=5)
FULL, PAPER = Setup(), Setup(width=100)


def points(s: Setup) -> dict:
    """The one run."""
    return {"trace": call(trace, s)}


def trace(
    data, inputs, optimizer, width, batch, rate, running_rates, frames, stride, seed
) -> xr.Dataset:
    """One unit's true mean, and what the averages say."""
    images, moments, read = load(data, inputs), range(0, stride * frames, stride), []
    path = followed(
        images, optimizer, width, batch, rate, running_rates, moments[-1], Runs(seed, 1)
    )
    for moment, states in path:
        if moment.step in moments:
            states = [*states, precise(moment, images)]
            *others, exact = ([layer for layer in state if layer][-1] for state in states)
            models = [Model(moment.network, moment.params, state) for state in states]
            running = [other["running_mean"][0] for other in others]
            right = [accuracy(model, images.test)[0] for model in models]
            std = np.sqrt(exact["running_var"][0])
            read.append((exact["running_mean"][0], std, running, right))
    means, stds, running, right = (np.array(one, dtype=float) for one in zip(*read, strict=True))
    unit = np.argmax(np.abs(means[-1]) / stds[-1])  # ends farthest from zero: most to chase
    precisely = "test accuracy with the population's statistics"
    found = {
        "trace_mean": (means[:, unit], "the unit's mean over the training set", "1", "moment"),
        "trace_std": (stds[:, unit], "its standard deviation", "1", "moment"),
        "trace_running_mean": (running[:, :, unit], "its running mean"),
        "trace_accuracy": (right[:, :-1], "test accuracy, eval mode"),
        "trace_precise_accuracy": (right[:, -1], precisely, "1", "moment"),
    }
    return table(found, moment=moments, rate=running_rates)


CLAIMS = ()
VALUES = {}
