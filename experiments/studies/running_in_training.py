"""Do the running averages that batch norm uses at inference equal the population's statistics?

A small network learns digits, and at chosen steps the same weights are evaluated with the running
averages of several update rates, and with the exact mean and variance of every unit over the whole
training set ("precise" statistics: one pass, layer by layer). One training run feeds all the rates, so
they are compared on the same weights. Beside it, a stream with a fixed distribution.

What came out: at the usual rate the running averages are good after some tens of steps and harmless
afterwards. A smaller rate is quieter in the long run and useless early on, when the network itself is
already good: the dip in validation is then the statistics' and not the network's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.data.samples import Data
from experiments.engine.activations import ReLU
from experiments.engine.initialization import he_normal
from experiments.engine.layer import Arrays
from experiments.engine.standardize import PYTORCH
from experiments.engine.train import Moment
from experiments.measures.modes import with_population_statistics
from experiments.results import LAST, Measure, Value, difference, ratio, table, value
from experiments.runs import Runs
from experiments.studies import running_stream
from experiments.study import Case, Claim, Learning, above, below, call, setting
from experiments.training import Model, accuracy, load, loss, mlp, optimizer_of, paired, train


@dataclass(frozen=True)
class Setup(Learning):
    """Settings of the study."""

    running_rates: tuple[float, ...] = setting(
        (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0), "update rates α of the running averages"
    )
    runs: int = setting(16, "training runs, each with weights and batches of its own")
    width: int = setting(64, "units in each of the two hidden layers")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    steps: tuple[int, ...] = setting(
        (1, 3, 10, 30, 100, 300, 1000, 3000), "of training, after which everything is evaluated"
    )
    stream_steps: int = setting(5000, "batches of a stream with a fixed distribution")
    seed: int = setting(3, "every random stream is spawned from it")


QUICK = Setup(
    runs=4,
    width=16,
    running_rates=(0.001, 0.01, 0.1, 1.0),
    steps=(1, 3, 10, 30, 100, 300, 1000),
    stream_steps=1000,
)
FULL = Setup()
PAPER = Setup(runs=64, width=100, steps=(1, 3, 10, 30, 100, 300, 1000, 3000, 10000, 30000))


def points(s: Setup) -> dict:
    """The training runs, and a stream to compare with."""
    return {"training": call(learn, s), "stream": call(fixed_distribution, s)}


def fixed_distribution(stream_steps, runs) -> xr.Dataset:
    """A stream that never changes, as `running_stream` measures it, at two of the rates."""
    like = running_stream.FULL
    return running_stream.stream(
        (0.1, 0.01), like.features, like.batch, like.mean, like.std, stream_steps, runs
    )


def followed(
    images: Data, optimizer, width, batch, rate, running_rates, last, runs: Runs
) -> Iterator[tuple[Moment, list[list[Arrays]]]]:
    """Train; with every moment, the state under each update rate, which training does not see."""
    network = mlp((width, width), "batch norm", ReLU(), weights=he_normal)
    model, stream = paired(network, images, batch, runs.part(1))
    conventions = [replace(PYTORCH, rate=np.float32(one)) for one in running_rates]
    states = [model.state for _ in conventions]
    for moment in train(model, stream, optimizer_of(optimizer, rate), last):
        yield moment, states
        # The batch of this moment counts from the next one on.
        states = [
            [
                convention.next_state(layer, kept["mean"], kept["var"], batch) if layer else layer
                for layer, kept in zip(state, moment.saved, strict=True)
            ]
            for convention, state in zip(conventions, states, strict=True)
        ]


def precise(moment: Moment, images: Data) -> list[Arrays]:
    """The state that holds every unit's exact mean and variance over the training set."""
    return with_population_statistics(moment, images.train.x[None]).state


def evaluated(moment: Moment, states: list[list[Arrays]], images: Data) -> tuple:
    """Accuracy and loss with each state and, last, the exact one; errors of means, ratios of stds."""
    exact = precise(moment, images)
    models = [Model(moment.network, moment.params, state) for state in (*states, exact)]
    read = ([of(model, images.test) for model in models] for of in (accuracy, loss))
    errors, ratios = [], []
    for i in (i for i, layer in enumerate(exact) if layer):
        mean, std = exact[i]["running_mean"], np.sqrt(exact[i]["running_var"])
        off = [(state[i]["running_mean"] - mean) / std for state in states]
        over = [np.log(np.sqrt(state[i]["running_var"]) / std).mean(axis=1) for state in states]
        errors.append(np.sqrt(np.square(off).mean(axis=2)))
        ratios.append(np.exp(over))
    return *read, errors, ratios


def learn(data, inputs, optimizer, width, batch, rate, running_rates, steps, runs) -> xr.Dataset:
    """Evaluate with every rate and with the exact statistics, at chosen steps of training."""
    images = load(data, inputs)
    path = followed(images, optimizer, width, batch, rate, running_rates, steps[-1], runs)
    read = [evaluated(moment, states, images) for moment, states in path if moment.step in steps]
    right, lost, errors, ratios = (np.array(one, dtype=float) for one in zip(*read, strict=True))
    by_rate, by_layer = "step rate run", "step layer rate run"
    off = "error of the running mean, in population standard deviations, RMS over units"
    over = "running over population standard deviation, geometric mean over units"
    precisely = "with the population's statistics"
    found = {
        "accuracy": (right[:, :-1], "test accuracy, eval mode", "1", by_rate),
        "loss": (lost[:, :-1], "test loss, eval mode", "nats", by_rate),
        "precise_accuracy": (right[:, -1], f"test accuracy {precisely}", "1", "step run"),
        "precise_loss": (lost[:, -1], f"test loss {precisely}", "nats", "step run"),
        "bessel_std": (np.sqrt(batch / (batch - 1)), "√(m/(m−1))", "1", ""),
        "mean_error": (errors, off, "1", by_layer),
        "std_ratio": (ratios, over, "1", by_layer),
    }
    return table(found, step=steps, layer=(1, 2), rate=running_rates, run=runs)


# ------------------------------------------------------------------------------------------ claims


def deficit(rate: float, step: int) -> Measure:
    """Accuracy with the population's statistics minus that with running averages, in points."""
    exact, running = value("precise_accuracy", step=step), value("accuracy", rate=rate, step=step)
    return difference(exact * 100, running * 100, "points")


def error(**where) -> Value:
    """Error of the running means of both layers, RMS, in population standard deviations."""
    return value("mean_error", **where).map(np.square).over("layer", "mean").map(np.sqrt)


def error_ratio(step: int) -> Measure:
    """Error at α = 0.01 over that at 0.1."""
    return ratio(error(rate=0.01, step=step), error(rate=0.1, step=step))


LOST = "accuracy that running averages lose against the population's statistics"

CLAIMS = (
    Claim(
        "running-average-is-population",
        says="At inference batch norm uses the mean and variance of the population, for that is what "
        "the running averages are.",
        source="overview",
        verdict="depends",
        cases=tuple(
            Case(
                f"α = {rate:g}, after {step} training steps, {LOST}",
                deficit(rate, step),
                below(1, "point"),
            )
            for rate, step in ((0.1, 1000), (0.1, 10), (0.01, 1000), (0.01, 100), (0.001, 300))
        ),
        because="It depends on the step and on α. As far as accuracy can tell, it does once the start "
        "is forgotten and the weights move slowly; before that it uses something else.",
    ),
    Claim(
        "smaller-rate-is-better",
        says="A smaller update rate (in Keras and Flax: a larger momentum) gives more accurate "
        "statistics.",
        source="reader",
        verdict="depends",
        cases=(
            Case(
                "a fixed distribution, after many batches: error of the running mean, α = 0.01 over "
                "0.1",
                ratio(running_stream.noise(0.01), running_stream.noise(0.1)),
                below(1),
            ),
            *(
                Case(
                    f"after {step} training steps: error of the running means, RMS over all units, "
                    "α = 0.01 over 0.1",
                    error_ratio(step),
                    below(1),
                )
                for step in (30, 300)
            ),
        ),
        because="It depends on how long one has averaged. A small rate averages more noise away, and "
        "remembers the start and the old weights longer: the best rate falls as training goes on.",
    ),
    Claim(
        "early-validation-is-the-statistics",
        says="Early in training, poor validation results can be the running statistics' fault and not "
        "the network's.",
        source="reader",
        verdict="supported",
        cases=tuple(
            Case(
                f"α = {rate:g}, after {step} steps, {LOST}", deficit(rate, step), above(5, "points")
            )
            for rate, step in ((0.01, 30), (0.1, 3))
        ),
        because="The same weights do much better with exact means and variances: only these differ.",
    ),
)

VALUES = {
    "precise_early": value("precise_accuracy", step=30).mean(),
    "usual_early": value("accuracy", step=30, rate=0.1).mean(),
    "small_early": value("accuracy", step=30, rate=0.01).mean(),
    "tiny_early": value("accuracy", step=30, rate=0.001).mean(),
    "small_early_deficit": deficit(0.01, 30),
    "usual_early_deficit": deficit(0.1, 30),
    "usual_late_deficit": deficit(0.1, 1000),
    "last_batch_late_deficit": deficit(1.0, 1000),
    "precise_late": value("precise_accuracy", step=1000).mean(),
    "precise_early_loss": value("precise_loss", step=30).mean(),
    "small_early_loss": value("loss", step=30, rate=0.01).mean(),
    "early_error_ratio": error_ratio(30),
    "best_rate_early": error(step=30).best("rate", lowest=True).coordinate("rate").exact(),
    "best_rate_late": error(step=LAST).best("rate", lowest=True).coordinate("rate").exact(),
    "first_layer_std": value("std_ratio", layer=1, rate=0.1, step=LAST).mean(),
    "second_layer_std": value("std_ratio", layer=2, rate=0.1, step=LAST).mean(),
    "second_layer_std_theory": value("bessel_std").exact(),
}
