"""Is the loss smoother along the gradient with batch norm?

A network of four hidden layers of ReLU learns MNIST-5k, shrunk to 7×7 pixels, from He's weights, with batch norm and without, from the same
weights and on the same batches, at two learning rates. At some steps of training we walk along the gradient of the next batch, from half
to four times the learning step, and read three things (`experiments.measures.landscape`): how far the loss ranges, how far the
gradient changes, and the largest ratio of the change of the gradient to the length of the step, the effective smoothness. A third condition has batch
norm and hidden weights multiplied by a factor below one: at the start it computes the same function of its input, up to ε. A run's number is the
geometric mean over the readings. Settings and thresholds were set after a trial with another seed.

What came out: at the larger rate all three are smaller with batch norm, the range of the loss by far; at the smaller rate none is, over the readings as a
whole, and when the plain network has begun to learn two are. And the smoothness depends on the length of the weights, which with batch norm is no property of the function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import Moment, train
from experiments.measures.landscape import along_gradient
from experiments.measures.statistics import Measurement, mean, paired_ratio

CONDITIONS = ("none", "batch norm", "batch norm, short weights")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    hidden: tuple[int, ...] = (32, 32, 32, 32)  # ReLUs in each hidden layer
    rates: tuple[float, ...] = (
        0.03,
        0.3,
    )  # learning rates of stochastic gradient descent, without momentum
    short: float = 0.2  # factor of the short hidden weights
    multiples: tuple[float, ...] = (
        0.5,
        1.0,
        1.5,
        2.0,
        2.5,
        3.0,
        3.5,
        4.0,
    )  # steps along the gradient, in learning steps
    batch: int = 60  # images in a training batch
    steps: int = 240  # training steps
    readings: int = 13  # steps that are read, evenly spaced from the first
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 26  # every random stream is spawned from it


QUICK = Setup(hidden=(12, 12), multiples=(0.5, 2.0, 4.0), steps=20, readings=5, runs=3)
FULL = Setup()
PAPER = Setup(hidden=(100, 100, 100, 100), steps=10_000, readings=101)


@dataclass(frozen=True)
class Point:
    """All runs under one condition at one learning rate."""

    condition: str  # one of CONDITIONS
    rate: float
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Each condition at each rate."""
    return {
        f"{condition.replace(',', '').replace(' ', '-')}-rate-{rate:g}": Point(
            condition, rate, setup
        )
        for condition in CONDITIONS
        for rate in setup.rates
    }


def run(point: Point) -> xr.Dataset:
    """Train, and walk along the gradient at some steps."""
    setup, digits = point.setup, mnist.load_shrunk(7)
    normalized = point.condition != "none"
    norm = (Standardize(), Affine()) if normalized else ()
    blocks = [
        (Dense(width, bias=not normalized, weights=he_normal), *norm, ReLU())
        for width in setup.hidden
    ]
    network = Network((*(layer for block in blocks for layer in block), Dense(10)))
    seeds = [seed.spawn(2) for seed in np.random.SeedSequence(setup.seed).spawn(setup.runs)]
    params, state = network.init(
        [np.random.default_rng(weights) for weights, _ in seeds], 49, np.float32
    )
    if point.condition == CONDITIONS[2]:
        for layer in params[:-1]:
            if "weight" in layer:
                layer["weight"] *= np.float32(setup.short)
    stream = batches(
        digits.train_x,
        digits.train_labels,
        setup.batch,
        [np.random.default_rng(order) for _, order in seeds],
    )
    sizes = point.rate * np.array(setup.multiples)

    def walk(moment: Moment) -> np.ndarray:
        along = along_gradient(network, moment.params, moment.state, moment.x, moment.labels, sizes)
        return np.stack([along.start, along.loss.min(axis=0), along.loss.max(axis=0), along.gradient, along.change.max(axis=0),
                         along.smoothness.max(axis=0)])  # fmt: skip

    steps = np.linspace(0, setup.steps, setup.readings).round().astype(int).tolist()
    with np.errstate(over="ignore", invalid="ignore"):
        read = np.stack(
            [
                found["walk"]
                for _, found in train(
                    network, params, state, stream, SGD(point.rate), steps, {"walk": walk}
                )
            ]
        )
    dims = ("condition", "rate", "step", "run")
    names = {"loss": "loss of the batch", "lowest": "lowest loss along the gradient", "highest": "highest loss along the gradient",
             "gradient": "length of the gradient", "change": "largest change of the gradient along it",
             "smoothness": "largest change of the gradient over the length of the step"}  # fmt: skip
    return xr.Dataset(
        {name: (dims, read[None, None, :, k], {"units": "nats" if k < 3 else "1", "long_name": long})
         for k, (name, long) in enumerate(names.items())},
        coords={"condition": [point.condition], "rate": [point.rate], "step": np.array(steps, dtype=np.int32),
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------------- claims


def quantity(results: xr.Dataset, what: str, condition: str, rate: float) -> np.ndarray:
    """Geometric mean over the readings, for each run: the range of the loss, the change of the gradient, or the smoothness."""
    of = results.sel(condition=condition, rate=rate).transpose("step", "run")
    values = (of["highest"] - of["lowest"]).values if what == "range" else of[what].values
    return np.exp(np.log(values).mean(axis=0))


def _rate(results: xr.Dataset, which: int) -> float:
    return float(results.rate[which])


def _ratio(
    what: str, which: int, condition: str = "batch norm", base: str = "none"
) -> Callable[[xr.Dataset], Measurement]:
    """A quantity under one condition over that under another, at the smaller (0) or the larger (-1) rate."""
    return lambda results: paired_ratio(
        *(quantity(results, what, c, _rate(results, which)) for c in (condition, base))
    )


def _at_the_end(what: str) -> Callable[[xr.Dataset], Measurement]:
    """The same at the smaller rate, at the last reading alone."""

    def measure(results: xr.Dataset) -> Measurement:
        last = results.isel(step=[-1])
        return paired_ratio(
            *(quantity(last, what, c, _rate(results, 0)) for c in ("batch norm", "none"))
        )

    return measure


def _short_at_start(which: int) -> Callable[[xr.Dataset], Measurement]:
    """Smoothness with short weights over that with usual ones, both with batch norm, before training."""

    def measure(results: xr.Dataset) -> Measurement:
        start = results.smoothness.sel(rate=_rate(results, which)).isel(step=0)
        return paired_ratio(
            start.sel(condition=CONDITIONS[2]).values, start.sel(condition="batch norm").values
        )

    return measure


def _rise(results: xr.Dataset) -> Measurement:
    """How far the loss of the network without batch norm rises above its value along the gradient, at the larger rate: mean over readings."""
    of = results.sel(condition="none", rate=_rate(results, -1))
    return mean((of["highest"] - of["loss"]).mean("step").values, "nats")


RATES = ((-1, "at the larger rate"), (0, "at the smaller rate"))
QUANTITIES = {
    "range": "range of the loss along the gradient",
    "change": "largest change of the gradient",
    "smoothness": "effective smoothness",
}

CLAIMS = (
    Claim(
        "bn-smooths-the-landscape",
        says="Batch norm makes the loss smoother to walk on.",
        source="santurkar2018",
        cases=tuple(
            Case(f"{about}, {when}", measure=_ratio(what, which), holds=lambda m: m.below(0.8),
                 rule="less than four fifths of what it is without batch norm")
            for which, when in RATES for what, about in QUANTITIES.items()
        ),
        verdict="depends",
        figure="landscape-along",
        because="It depends on the length of the step. At a rate that is large for the network without batch norm, its loss and gradient vary "
                "far more; at one that is small for both they vary less, over these steps as a whole, for it has hardly begun to learn.",
    ),
    Claim(
        "smoothness-is-of-the-function",
        says="The smoothness that is measured along the gradient is a property of the function that the network computes.",
        source="reader",
        cases=tuple(
            Case(f"short weights against usual ones, both with batch norm, before training, {when}", measure=_short_at_start(which),
                 holds=lambda m: m.within(1, absolute=0.25), rule="the same to within a quarter")
            for which, when in RATES
        ),
        verdict="refuted",
        figure="landscape-smoothness",
        because="With batch norm, shorter weights compute the same function, up to ε, and have larger gradients that change faster: the "
                "measured smoothness depends on the length of the weights.",
    ),
)  # fmt: skip

VALUES = {
    **{f"{what}_{name}": _ratio(what, which) for what in QUANTITIES for which, name in ((0, "small"), (-1, "large"))},
    **{f"short_{name}": _short_at_start(which) for which, name in ((0, "small"), (-1, "large"))},
    **{f"{what}_small_end": _at_the_end(what) for what in QUANTITIES},
    "rise": _rise,
}  # fmt: skip
