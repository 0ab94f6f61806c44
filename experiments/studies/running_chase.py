"""How does a running mean chase the mean of a unit that moves?

One training run on digits: one unit of the second hidden layer with its exact mean and standard
deviation over the training set, what running means of several update rates say, and the test
accuracy with each. An illustration of `running_in_training`, whose first run it is.
"""

import numpy as np

from experiments.engine.activations import ReLU
from experiments.engine.initialization import he_normal
from experiments.measures.modes import with_population_statistics
from experiments.measures.running import at_rates
from experiments.results import table
from experiments.runs import Runs
from experiments.study import Learning, call, setting
from experiments.training import Model, accuracy, load, mlp, optimizer_of, paired, train

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


class Setup(Learning):
    running_rates: tuple[float, ...] = setting(RATES, "update rates α of the running averages")
    width: int = setting(64, "units in each of the two hidden layers")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    frames: int = setting(100, "moments of the animation")
    stride: int = setting(3, "training steps from one moment to the next")
    seed: int = setting(3, "every random stream is spawned from it")


QUICK = Setup(running_rates=(0.001, 0.01, 0.1, 1.0), width=16, frames=60, stride=5)
FULL, PAPER = Setup(), Setup(width=100)


def points(s):
    return {"trace": call(trace, s)}


def trace(data, inputs, optimizer, width, batch, rate, running_rates, frames, stride, seed):
    """One unit's true mean, and what the averages say."""
    images, at, read = load(data, inputs), range(0, stride * frames, stride), []
    network = mlp((width, width), "batch norm", ReLU(), weights=he_normal)
    model, stream = paired(network, images, batch, Runs(seed, 1).part(1))
    moments = train(model, stream, optimizer_of(optimizer, rate), at[-1])
    for moment, states in at_rates(moments, running_rates):
        if moment.step in at:
            exact = with_population_statistics(moment, images.train.x[None])
            models = [*(Model(network, moment.params, state) for state in states), exact]
            *running, precise = ([layer for layer in one.state if layer][-1] for one in models)
            means = [one["running_mean"][0] for one in (*running, precise)]
            right = [accuracy(one, images.test)[0] for one in models]
            read.append((means, np.sqrt(precise["running_var"][0]), right))
    means, stds, right = (np.array(one, dtype=float) for one in zip(*read, strict=True))
    unit = np.argmax(np.abs(means[-1, -1]) / stds[-1])  # ends farthest from zero: most to chase
    precisely = "test accuracy with the population's statistics"
    found = {
        "trace_mean": (means[:, -1, unit], "the unit's mean over the training set", "1", "moment"),
        "trace_std": (stds[:, unit], "its standard deviation", "1", "moment"),
        "trace_running_mean": (means[:, :-1, unit], "its running mean"),
        "trace_accuracy": (right[:, :-1], "test accuracy, eval mode"),
        "trace_precise_accuracy": (right[:, -1], precisely, "1", "moment"),
    }
    return table(found, moment=at, rate=running_rates)


CLAIMS, VALUES = {}, {}
