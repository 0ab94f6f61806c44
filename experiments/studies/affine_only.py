"""What can γ and β learn alone, if every weight stays random?

A network of two hidden layers with batch norm and ReLU learns digits, and only some of its parameters move: γ and β, the last layer, or all. The others stay as they are drawn. Every choice is tried at
several widths and learning rates, with the same initial weights and the same batches; what counts is the test accuracy in evaluation mode at the best rate of a choice, averaged over a few readings at the end. Thresholds were chosen
after pilots; the list of rates was made longer after a first result, in which the best one for γ and β was the largest.

What came out: γ and β alone learn, and the more the wider the network, since they choose among random features. At these widths the last
layer alone, which has more parameters, learns more; and everything learns most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.layer import Layer
from experiments.engine.network import Network
from experiments.engine.parameters import Path, leaves
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train import train
from experiments.measures.statistics import Measurement, exact, mean, paired_difference
from experiments.study import Case, Claim

CHOICES = ("γ and β", "last layer", "everything")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    widths: tuple[int, ...] = (8, 16, 32, 64, 96)  # units in each of the two hidden layers
    batch: int = 32  # images in a training batch
    rates: tuple[float, ...] = (
        0.1,
        0.4,
        1.6,
        6.4,
        25.6,
    )  # learning rates of plain stochastic gradient descent
    steps: int = 300  # of training
    readings: int = 4  # of the accuracy, at the end and before, which are averaged
    apart: int = 10  # steps between them
    tested: int = 500  # test images
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 34  # every random stream is spawned from it


QUICK = Setup(
    widths=(4, 8), rates=(0.4, 1.6), batch=8, steps=6, readings=2, apart=1, tested=50, runs=3
)
FULL = Setup()
PAPER = Setup(widths=(16, 64, 256, 1024), steps=10_000, tested=1000, runs=32)


@dataclass(frozen=True)
class Point:
    """One choice of what is trained, at one width."""

    choice: str  # of CHOICES
    width: int
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Each choice at each width."""
    names = ("affine", "last", "everything")
    return {f"{name}-{width}": Point(choice, width, setup) for name, choice in zip(names, CHOICES, strict=True)
            for width in setup.widths}  # fmt: skip


def moves(choice: str, path: Path, last: int) -> bool:
    """Whether the parameter at `path` is trained; `last` is the index of the last layer."""
    return choice == "everything" or (
        path[0] == last if choice == "last layer" else path[1] in ("gamma", "beta")
    )


def run(point: Point) -> xr.Dataset:
    """Train at every rate: one replica a rate and run."""
    setup, digits = point.setup, mnist.load_shrunk(7)
    every = len(digits.test_x) // setup.tested
    test_x, test_labels = digits.test_x[None, ::every], digits.test_labels[::every]
    layers: list[Layer] = []
    for _ in range(2):
        layers += [
            Dense(point.width, bias=False, weights=he_normal),
            Standardize(),
            Affine(),
            ReLU(),
        ]
    network = Network((*layers, Dense(10)))
    seeds = [s.spawn(2) for s in np.random.SeedSequence(setup.seed).spawn(setup.runs)]
    weights, order = (
        [np.random.default_rng(s[k]) for _ in setup.rates for s in seeds] for k in (0, 1)
    )
    params, state = network.init(weights, 49, np.float32)
    paths = [path for path, _ in leaves(params)]
    frozen = tuple(path for path in paths if not moves(point.choice, path, len(layers)))
    stream = batches(digits.train_x, digits.train_labels, setup.batch, order)

    def accuracy(moment) -> np.ndarray:
        logits, _, _ = network.forward(moment.params, moment.state, test_x, False)
        return (logits.argmax(axis=2) == test_labels).mean(axis=1)

    at = range(setup.steps - setup.apart * (setup.readings - 1), setup.steps + 1, setup.apart)
    optimizer = SGD(np.repeat(setup.rates, setup.runs), frozen=frozen)
    read = [reading["accuracy"] for _, reading in train(network, params, state, stream, optimizer, at, {"accuracy": accuracy})]  # fmt: skip
    trained = sum(p[0].size for path, p in leaves(params) if path not in frozen)
    shape = (1, 1, len(setup.rates), setup.runs)
    return xr.Dataset(
        {"accuracy": (("choice", "width", "rate", "run"), np.mean(read, axis=0).reshape(shape), {"units": "1", "long_name": "test accuracy in evaluation mode"}),
         "trained": (("choice", "width"), np.array([[trained]], np.int32), {"units": "1", "long_name": "parameters that are trained"})},
        coords={"choice": [point.choice], "width": [point.width], "rate": list(setup.rates), "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------------- claims

HALF = 0.5  # of the test images: five times chance


def best(results: xr.Dataset, choice: str, width: int) -> xr.DataArray:
    """Accuracy of each run at the rate at which the mean is highest."""
    accuracy = results["accuracy"].sel(choice=choice, width=width)
    return accuracy.isel(rate=int(accuracy.mean("run").argmax("rate")))


def _accuracy(choice: str, place: int) -> Callable[[xr.Dataset], Measurement]:
    """Accuracy at the smallest (0) or largest (−1) width."""
    return lambda results: mean(best(results, choice, int(results["width"][place])).values)


def _lead(first: str, second: str, place: int) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: paired_difference(
        *(best(results, c, int(results["width"][place])).values for c in (first, second))
    )


def _by_width(results: xr.Dataset) -> Measurement:
    return paired_difference(
        *(best(results, "γ and β", int(results["width"][place])).values for place in (-1, 0))
    )


def _rate(choice: str) -> Callable[[xr.Dataset], Measurement]:
    """The best rate in the widest network."""
    return lambda results: exact(float(best(results, choice, int(results["width"][-1]))["rate"]))


CLAIMS = (
    Claim(
        id="gamma-and-beta-alone-learn",
        says="Training γ and β alone, with random weights everywhere else, is enough to learn the task reasonably well.",
        source="frankle2021",
        cases=(
            *(Case(f"{words} network, accuracy", _accuracy("γ and β", place), lambda m: m.above(HALF), "more than half of the test images right")
              for words, place in (("widest", -1), ("narrowest", 0))),
            Case("widest against narrowest", _by_width, lambda m: m.above(0.1), "more than ten percentage points more"),
        ),
        verdict="depends",
        figure="affine-only-width",
        because="It takes width: they choose among random features and set where each is cut off, and in a narrow network there is little to choose from.",
    ),
    Claim(
        id="gamma-and-beta-rival-the-rest",
        says="γ and β alone do about as well as other ways to train a network with random features.",
        source="reader",
        cases=(
            Case("the last layer alone, widest network", _lead("last layer", "γ and β", -1), lambda m: m.below(0.05), "at most five percentage points more accurate than γ and β"),
            Case("everything, widest network", _lead("everything", "γ and β", -1), lambda m: m.below(0.05), "at most five percentage points more accurate than γ and β"),
        ),
        verdict="refuted",
        figure="affine-only-width",
        because="At these widths and in this many steps, the last layer alone, with more parameters, is well ahead, and everything further.",
    ),
)  # fmt: skip

VALUES = {
    "affine_wide": _accuracy("γ and β", -1),
    "affine_narrow": _accuracy("γ and β", 0),
    "last_wide": _accuracy("last layer", -1),
    "all_wide": _accuracy("everything", -1),
    "rate_affine": _rate("γ and β"),
    "rate_last": _rate("last layer"),
    "rate_all": _rate("everything"),
    "share_wide": lambda results: exact(float(results["trained"].sel(choice="γ and β").isel(width=-1) / results["trained"].sel(choice="everything").isel(width=-1))),
    "widest": lambda results: exact(float(results["width"][-1])),
    "narrowest": lambda results: exact(float(results["width"][0])),
    "last_lead": _lead("last layer", "γ and β", -1),
}  # fmt: skip
