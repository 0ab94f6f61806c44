"""Does batch norm allow higher learning rates, and does the highest one fall with depth?

Networks of 2 to 16 hidden layers of ReLU learn MNIST-5k, shrunk to 7×7 pixels, from He's weights at rates from 0.02 to 10, with batch norm
and without. At all depths and rates, with and without batch norm, a run has the same batches, and at one depth the same weights. A run has
learned if after the last step it gets at least a fifth of the test images right, twice as many as guessing, with the statistics of the test images; it has diverged if its
loss is not finite or above ten times that of guessing. The largest trainable rate of a run is the largest one at which it has
learned. The rates, the number of steps and the thresholds were set after trials with other seeds.

What came out: batch norm raises the largest trainable rate at every depth, and the more the deeper the network is. It has a finite limit too, which falls far less with depth.
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
from experiments.engine.layer import Arrays
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import Moment, train
from experiments.measures.statistics import (
    Measurement,
    median,
    paired_difference,
    paired_ratio,
    share,
)

NORMS = ("none", "batch norm")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    depths: tuple[int, ...] = (2, 4, 8, 16)  # hidden layers
    rates: tuple[float, ...] = (
        0.02,
        0.05,
        0.1,
        0.2,
        0.5,
        1.0,
        2.0,
        5.0,
        10.0,
    )  # learning rates of stochastic gradient descent, without momentum
    width: int = 24  # units in each hidden layer
    batch: int = 50  # images in a training batch
    steps: int = 100  # training steps
    test_images: int = 500  # test images, the same number of each digit
    learned: float = 0.2  # test accuracy from which a run counts as having learned
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 27  # every random stream is spawned from it


QUICK = Setup(depths=(2, 8), rates=(0.05, 0.5, 10.0), width=12, steps=30, test_images=100, runs=3)
FULL = Setup()
PAPER = Setup(
    depths=(2, 4, 8, 16, 32),
    width=100,
    steps=5000,
    test_images=1000,
    learned=0.9,
    rates=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
)
DIVERGED = 10 * float(np.log(10))  # nats: ten times the loss of guessing among ten digits


@dataclass(frozen=True)
class Point:
    """All runs of one depth, with batch norm or without."""

    norm: str  # "none" or "batch norm"
    depth: int
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Each depth, with and without batch norm."""
    return {
        f"{norm.replace(' ', '-')}-depth-{depth:02d}": Point(norm, depth, setup)
        for norm in NORMS
        for depth in setup.depths
    }


def run(point: Point) -> xr.Dataset:
    """Train at all rates at once: one replica a rate and run."""
    setup, digits = point.setup, mnist.load_shrunk(7)
    x, test_x = digits.train_x, digits.test_x
    chosen = np.concatenate(
        [np.flatnonzero(digits.test_labels == d)[: setup.test_images // 10] for d in range(10)]
    )
    network = _network(point.depth, setup.width, point.norm)
    seeds = [seed.spawn(2) for seed in np.random.SeedSequence(setup.seed).spawn(setup.runs)]
    params, state = network.init(
        [np.random.default_rng(weights) for weights, _ in seeds], 49, np.float32
    )
    params, state = _repeated(params, len(setup.rates)), _repeated(state, len(setup.rates))
    # a generator for every replica: those of one run start alike, so all rates see the same batches
    rngs = [np.random.default_rng(order) for _ in setup.rates for _, order in seeds]

    def accuracy(moment: Moment) -> np.ndarray:
        logits, _, _ = network.forward(moment.params, moment.state, test_x[chosen][None], True)
        right = (logits.argmax(axis=2) == digits.test_labels[chosen]).mean(axis=1)
        return np.where(
            np.isfinite(logits).all(axis=(1, 2)), right, 0.1
        )  # a network that gives no answer is left to guess

    instruments = {"accuracy": accuracy, "diverged": lambda moment: ~(moment.loss <= DIVERGED)}
    optimizer = SGD(np.repeat(np.array(setup.rates, dtype=np.float32), len(seeds)))
    with np.errstate(over="ignore", invalid="ignore"):
        ((_, read),) = train(network, params, state, batches(x, digits.train_labels, setup.batch, rngs), optimizer,
                             {setup.steps}, instruments)  # fmt: skip
    accuracy_of, diverged = (read[name].reshape(1, 1, len(setup.rates), -1) for name in instruments)
    learned = (accuracy_of >= setup.learned) & ~diverged
    rates = np.array(setup.rates)[:, None]
    largest = np.where(learned, rates, 0.0).max(axis=2)
    dims, about = ("norm", "depth", "rate", "run"), {"units": "1"}
    return xr.Dataset(
        {
            "accuracy": (dims, accuracy_of, about | {"long_name": "test accuracy with the test images’ statistics"}),
            "learned": (dims, learned.astype(np.int32), about | {"long_name": "whether the run has learned"}),
            "diverged": (dims, diverged.astype(np.int32), about | {"long_name": "whether the run has diverged"}),
            "largest": (("norm", "depth", "run"), largest, about | {"long_name": "largest rate at which the run has learned; 0 if at none"}),
        },
        coords={"norm": [point.norm], "depth": np.array([point.depth], dtype=np.int32), "rate": list(setup.rates),
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _network(depth: int, width: int, norm: str) -> Network:
    between = (Standardize(), Affine()) if norm == "batch norm" else ()
    block = (Dense(width, bias=not between, weights=he_normal), *between, ReLU())
    return Network((*block * depth, Dense(10)))


def _repeated(layers: list[Arrays], times: int) -> list[Arrays]:
    return [{name: np.concatenate([a] * times) for name, a in layer.items()} for layer in layers]


# --------------------------------------------------------------------------------------------------------------------- claims


def largest(results: xr.Dataset, norm: str, depth: int) -> np.ndarray:
    """The largest trainable rate of each run; one that has learned at no rate counts with the smallest that was tried."""
    return np.maximum(results["largest"].sel(norm=norm, depth=depth).values, float(results.rate[0]))


def deepest(results: xr.Dataset) -> int:
    """The largest number of hidden layers."""
    return int(results.depth[-1])


def shallowest(results: xr.Dataset) -> int:
    """The smallest number of hidden layers."""
    return int(results.depth[0])


def plain_best(results: xr.Dataset, depth: int) -> float:
    """The rate at which networks without batch norm are the most accurate, mean over runs."""
    return float(
        results.rate[
            int(results.accuracy.sel(norm="none", depth=depth).mean("run").values.argmax())
        ]
    )


def _higher(at: Callable[[xr.Dataset], int]) -> Callable[[xr.Dataset], Measurement]:
    """Largest trainable rate with batch norm over that without."""
    return lambda results: paired_ratio(
        *(largest(results, norm, at(results)) for norm in reversed(NORMS))
    )


def _falls(norm: str) -> Callable[[xr.Dataset], Measurement]:
    """Largest trainable rate of the deepest network over that of the shallowest."""
    return lambda results: paired_ratio(
        *(largest(results, norm, at(results)) for at in (deepest, shallowest))
    )


def _learned_at_highest(at: Callable[[xr.Dataset], int]) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: share(
        results.learned.sel(norm="batch norm", depth=at(results)).isel(rate=-1).values
    )


def _same_rate(at: Callable[[xr.Dataset], int]) -> Callable[[xr.Dataset], Measurement]:
    """How much more accurate the network with batch norm is at the best rate of the one without."""

    def measure(results: xr.Dataset) -> Measurement:
        depth = at(results)
        accuracy = results.accuracy.sel(depth=depth, rate=plain_best(results, depth))
        return paired_difference(*(accuracy.sel(norm=norm).values for norm in reversed(NORMS)))

    return measure


def _nth(k: int) -> Callable[[xr.Dataset], int]:
    return lambda results: int(results.depth[min(k, results.sizes["depth"] - 1)])


DEPTHS = tuple((f"{depth} hidden layers", _nth(k)) for k, depth in enumerate(FULL.depths))

CLAIMS = (
    Claim(
        "bn-allows-higher-rates",
        says="Batch norm allows higher learning rates.",
        source="ioffe2015",
        cases=tuple(
            Case(when, measure=_higher(at), holds=lambda m: m.above(1.0),
                 rule="the largest trainable rate is higher than without batch norm: ratio above 1")
            for when, at in DEPTHS
        ),
        verdict="supported",
        figure="rate-by-depth-limit",
        because="At every depth tried the largest rate at which a network learns is higher with batch norm, and the more so the deeper it is.",
    ),
    Claim(
        "no-rate-is-too-high-with-bn",
        says="With batch norm no learning rate is too high.",
        source="post",
        cases=tuple(
            Case(f"{when}, at the highest rate tried", measure=_learned_at_highest(at), holds=lambda m: m.above(0.5),
                 rule="more than half of the runs learn") for when, at in DEPTHS
        ),
        verdict="refuted",
        figure="rate-by-depth-map",
        because="The weights in front of batch norm are protected by their growth; γ, β and the output layer are not, and at the highest "
                "rate hardly a run learns.",
    ),
    Claim(
        "trainable-rate-falls-with-depth",
        says="The deeper the network, the smaller the largest learning rate at which it trains.",
        source="overview",
        cases=tuple(
            Case(f"{name} batch norm, the deepest network against the shallowest", measure=_falls(norm), holds=lambda m: m.below(1 / 3),
                 rule="the largest trainable rate is less than a third as large")
            for norm, name in (("none", "without"), ("batch norm", "with"))
        ),
        verdict="depends",
        figure="rate-by-depth-limit",
        because="It depends on batch norm: without it the limit falls steeply with depth, with it little.",
    ),
    Claim(
        "higher-rates-are-the-cause",
        says="Batch norm trains faster because it allows higher learning rates: at one that both networks take, its lead is gone.",
        source="bjorck2018",
        cases=tuple(
            Case(f"{when}, both networks at the best rate of the one without batch norm", measure=_same_rate(at),
                 holds=lambda m: m.below(0.02),
                 rule="without the higher rate the lead is gone: less than two percentage points of test accuracy")
            for when, at in DEPTHS
        ),
        verdict="refuted",
        figure="rate-by-depth-map",
        because="In these networks, after so many steps, batch norm leads at the same rate too; higher rates are one part of its lead and not all.",
    ),
)  # fmt: skip


def _limit(norm: str, at: Callable[[xr.Dataset], int]) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: median(results["largest"].sel(norm=norm, depth=at(results)).values)


def _share(
    what: str, norm: str, at: Callable[[xr.Dataset], int]
) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: share(
        results[what].sel(norm=norm, depth=at(results)).isel(rate=-1).values
    )


VALUES = {
    **{f"limit_{name}_{end}": _limit(norm, at) for name, norm in (("none", "none"), ("bn", "batch norm"))
       for end, at in (("shallow", shallowest), ("deep", deepest))},
    **{f"highest_diverged_{name}": _share("diverged", norm, deepest) for name, norm in (("none", "none"), ("bn", "batch norm"))},
    "higher_shallow": _higher(shallowest),
    "higher_deep": _higher(deepest),
    "falls_none": _falls("none"),
    "falls_bn": _falls("batch norm"),
    "same_rate_shallow": _same_rate(shallowest),
    "same_rate_deep": _same_rate(deepest),
}  # fmt: skip
