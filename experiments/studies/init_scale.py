"""Is a network with batch norm less sensitive to the size of its first weights?

A network of three hidden layers of ReLU learns MNIST-5k, shrunk to 7×7 pixels, at one learning rate, from hidden weights that are He's times a
factor k, from 0.01 to 100: without batch norm, with it, and with it and the rate of the hidden weights multiplied by k². In all
conditions a run has the same weights, up to k, and the same batches; the output layer starts alike. Read at some steps: the accuracy
on test images, with their own statistics where there is batch norm, so that running averages do not matter; whether the loss is still finite; and the squared
length of the hidden weights.

Why k²: with batch norm the network with weights k v computes what the one with v does, and a step on k v with the rate k² η is the same as
a step on v with the rate η. So if the size of the weights matters through the effective learning rate alone, the third condition does
the same at every k. Learning rate, numbers of steps and thresholds were set after a trial with another seed.

What came out: without batch norm there is one decade of sizes that learn well. With it, small weights are as good as He's, and large
ones are slow, more and more; multiplied by k² the rate makes up for that, nearly exactly.
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
from experiments.engine.buffers import Buffers
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.layer import Arrays
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import Moment, train
from experiments.measures.statistics import (
    Measurement,
    mean,
    paired_difference,
    paired_ratio,
    share,
)

CONDITIONS = ("none", "batch norm", "batch norm, rate × k²")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    hidden: tuple[int, ...] = (32, 32, 32)  # ReLUs in each hidden layer
    factors: tuple[float, ...] = (
        0.01,
        0.03,
        0.1,
        0.3,
        1.0,
        3.0,
        10.0,
        30.0,
        100.0,
    )  # k, of the hidden weights
    batch: int = 60  # images in a training batch
    learning_rate: float = 0.1  # of stochastic gradient descent, without momentum
    steps: int = 300  # training steps
    readings: int = 14  # at most so many steps are read, evenly spaced on a logarithmic scale
    test_images: int = 500  # test images of each reading, the same number of each digit
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 28  # every random stream is spawned from it


QUICK = Setup(
    hidden=(16, 16),
    factors=(0.01, 0.1, 1.0, 10.0, 100.0),
    steps=60,
    readings=6,
    test_images=100,
    runs=3,
)
FULL = Setup()
PAPER = Setup(hidden=(100, 100, 100), steps=20_000, readings=60, test_images=1000)
RUNS_A_POINT = 8


@dataclass(frozen=True)
class Point:
    """A few runs under one condition, from all sizes of the weights."""

    condition: str  # one of CONDITIONS
    first: int  # the first of its runs
    last: int  # one after the last
    setup: Setup


@dataclass(frozen=True)
class Together:
    """Two optimizers, each of which leaves the other's parameters as they are."""

    hidden: SGD
    others: SGD

    def init(self, params: list[Arrays]) -> tuple[dict, dict]:
        """The velocity of each."""
        return self.hidden.init(params), self.others.init(params)

    def update(
        self,
        params: list[Arrays],
        grads: list[Arrays],
        velocity: tuple[dict, dict],
        buffers: Buffers,
    ) -> None:
        """A step of each."""
        self.hidden.update(params, grads, velocity[0], buffers.part("hidden"))
        self.others.update(params, grads, velocity[1], buffers.part("others"))


def points(setup: Setup) -> dict[str, Point]:
    """Every condition, the runs in groups."""
    names = dict(zip(CONDITIONS, ("none", "batch-norm", "batch-norm-rate"), strict=True))
    return {
        f"{name}-runs-{first:02d}": Point(
            condition, first, min(first + RUNS_A_POINT, setup.runs), setup
        )
        for condition, name in names.items()
        for first in range(0, setup.runs, RUNS_A_POINT)
    }


def run(point: Point) -> xr.Dataset:
    """Train from all sizes at once: one replica a size and run."""
    setup, digits = point.setup, mnist.load_shrunk(7)
    x, test_x = digits.train_x, digits.test_x
    chosen = np.concatenate(
        [np.flatnonzero(digits.test_labels == d)[: setup.test_images // 10] for d in range(10)]
    )
    network = _network(setup.hidden, point.condition != "none")
    seeds = [
        s.spawn(2)
        for s in np.random.SeedSequence(setup.seed).spawn(setup.runs)[point.first : point.last]
    ]
    params, state = network.init(
        [np.random.default_rng(weights) for weights, _ in seeds], 49, np.float32
    )
    hidden = [i for i, layer in enumerate(network.layers) if isinstance(layer, Dense)][:-1]
    params, state = _repeated(params, len(setup.factors)), _repeated(state, len(setup.factors))
    k = np.repeat(setup.factors, len(seeds))
    for i in hidden:
        params[i]["weight"] *= k[:, None, None].astype(np.float32)
    # a generator for every replica: those of one run start alike, so all sizes see the same batches
    rngs = [np.random.default_rng(order) for _ in setup.factors for _, order in seeds]

    weights = tuple((i, "weight") for i in hidden)
    others = tuple(
        (i, name) for i, layer in enumerate(params) for name in layer if (i, name) not in weights
    )
    rates = setup.learning_rate * (k**2 if point.condition == CONDITIONS[2] else np.ones_like(k))
    optimizer = Together(SGD(rates, frozen=others), SGD(setup.learning_rate, frozen=weights))

    def accuracy(moment: Moment) -> np.ndarray:
        logits, _, _ = network.forward(moment.params, moment.state, test_x[chosen][None], True)
        right = (logits.argmax(axis=2) == digits.test_labels[chosen]).mean(axis=1)
        return np.where(
            np.isfinite(logits).all(axis=(1, 2)), right, 0.1
        )  # a network that gives no answer is left to guess

    instruments = {
        "accuracy": accuracy,
        "diverged": lambda moment: ~np.isfinite(moment.loss),
        "length": lambda moment: sum(
            np.square(moment.params[i]["weight"].astype(float)).sum(axis=(1, 2)) for i in hidden
        ),
    }
    steps = reading_steps(setup)
    stream = batches(x, digits.train_labels, setup.batch, rngs)
    with np.errstate(over="ignore", invalid="ignore"):
        found = [
            read for _, read in train(network, params, state, stream, optimizer, steps, instruments)
        ]
    table = {name: np.moveaxis(np.stack([read[name] for read in found]).reshape(1, len(steps), len(setup.factors), -1), 1, 2)
             for name in instruments}  # fmt: skip
    dims, about = ("condition", "factor", "step", "run"), {"units": "1"}
    he = 2.0 * sum(
        setup.hidden
    )  # the expected squared length of He's weights: fan_in × fan_out × 2 / fan_in, summed
    return xr.Dataset(
        {
            "accuracy": (dims, table["accuracy"], about | {"long_name": "test accuracy with the test images’ statistics"}),
            "diverged": (dims, table["diverged"].astype(np.int32), about | {"long_name": "whether the loss is not finite"}),
            "length": (dims, table["length"] / he, about | {"long_name": "squared length of the hidden weights over that expected of He’s"}),
        },
        coords={"condition": [point.condition], "factor": list(setup.factors), "step": np.array(steps, dtype=np.int32),
                "run": np.arange(point.first, point.last, dtype=np.int32)},
    )  # fmt: skip


def reading_steps(setup: Setup) -> list[int]:
    """The steps that are read: 0, and evenly spaced on a logarithmic scale to the last."""
    return sorted(
        {0, *np.geomspace(1, setup.steps, setup.readings - 1).round().astype(int).tolist()}
    )


def _network(hidden: tuple[int, ...], normalized: bool) -> Network:
    norm = (Standardize(), Affine()) if normalized else ()
    blocks = [
        (Dense(width, bias=not normalized, weights=he_normal), *norm, ReLU()) for width in hidden
    ]
    return Network((*(layer for block in blocks for layer in block), Dense(10)))


def _repeated(layers: list[Arrays], times: int) -> list[Arrays]:
    return [{name: np.concatenate([a] * times) for name, a in layer.items()} for layer in layers]


# --------------------------------------------------------------------------------------------------------------------- claims

PLAIN, NORMED, SCALED = CONDITIONS
FAILED = (
    0.2  # a run whose test accuracy is below this at the end, twice that of guessing, has failed
)


def at_end(results: xr.Dataset, condition: str, factor: float) -> np.ndarray:
    """Test accuracy of each run at the last step."""
    return results.accuracy.sel(condition=condition, factor=factor).isel(step=-1).values


def _lead(factor: float) -> Callable[[xr.Dataset], Measurement]:
    """How much more accurate the network with batch norm is."""
    return lambda results: paired_difference(
        at_end(results, NORMED, factor), at_end(results, PLAIN, factor)
    )


def _against_he(condition: str, factor: float) -> Callable[[xr.Dataset], Measurement]:
    """Accuracy from k times He's weights minus that from He's weights, under the same condition."""
    return lambda results: paired_difference(
        at_end(results, condition, factor), at_end(results, condition, 1.0)
    )


def _failed(condition: str, factor: float) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: share(at_end(results, condition, factor) < FAILED)


def _lengthened(factor: float) -> Callable[[xr.Dataset], Measurement]:
    """Squared length of the hidden weights at the end over that at the start, with batch norm."""

    def measure(results: xr.Dataset) -> Measurement:
        length = results.length.sel(condition=NORMED, factor=factor)
        return paired_ratio(length.isel(step=-1).values, length.isel(step=0).values)

    return measure


FAR = (0.01, 0.1, 10.0, 100.0)  # sizes at which claims are tested

CLAIMS = (
    Claim(
        "bn-less-sensitive-to-initialization",
        says="A network with batch norm is less sensitive to the size of its first weights.",
        source="overview",
        cases=tuple(
            Case(f"k = {factor:g}", measure=_lead(factor), holds=lambda m: m.above(0.2),
                 rule="test accuracy after training is higher than without batch norm by more than twenty percentage points")
            for factor in FAR
        ),
        verdict="supported",
        figure="init-scale-accuracy",
        because="At a tenth or ten times He’s weights the network without batch norm does not learn at all; the one with it does.",
    ),
    Claim(
        "plain-needs-the-right-size",
        says="Without batch norm, training works only if the size of the first weights is about right.",
        source="post",
        cases=tuple(
            Case(f"k = {factor:g}, without batch norm", measure=_failed(PLAIN, factor), holds=lambda m: m.above(0.5),
                 rule="more than half of the runs fail: test accuracy below 20 % at the end")
            for factor in FAR
        ),
        verdict="supported",
        figure="init-scale-accuracy",
        because="The output scales with the third power of k here: too small and no gradient arrives, too large and the first steps "
                "throw the weights away.",
    ),
    Claim(
        "size-does-not-matter-with-bn",
        says="With batch norm a network gets as accurate from weights that are far too small or too large as from the usual ones.",
        source="post",
        cases=tuple(
            Case(f"k = {factor:g}, with batch norm", measure=_against_he(NORMED, factor), holds=lambda m: m.above(-0.05),
                 rule="test accuracy after training is at most five percentage points below that from He’s weights")
            for factor in FAR
        ),
        verdict="depends",
        figure="init-scale-accuracy",
        because="It depends on the direction: small weights do as well as He’s or better, large ones lag behind.",
    ),
    Claim(
        "large-weights-learn-slowly",
        says="With batch norm, the size of the weights acts through the effective learning rate, the rate over the squared length.",
        source="vanlaarhoven2017",
        cases=tuple(
            Case(f"k = {factor:g}, rate of the hidden weights times k²", measure=_against_he(SCALED, factor),
                 holds=lambda m: m.within(0, absolute=0.02),
                 rule="test accuracy within two percentage points of that from He’s weights at the plain rate")
            for factor in FAR
        ),
        verdict="supported",
        figure="init-scale-length",
        because="With the rate multiplied by k² the network does the same from all sizes; what is left is round-off and ε.",
    ),
    Claim(
        "size-mends-itself",
        says="With batch norm, weights that start with the wrong length get a fitting one by themselves.",
        source="arora2018",
        cases=(
            Case("from weights that are too small, k = 0.01", measure=_lengthened(0.01),
                 holds=lambda m: m.above(10.0), rule="squared length grows to more than ten times"),
            Case("from weights that are too large, k = 100", measure=_lengthened(100.0),
                 holds=lambda m: m.below(0.1), rule="squared length falls to less than a tenth"),
        ),
        verdict="depends",
        figure="init-scale-length",
        because="It depends on the direction: a gradient orthogonal to the weights can only lengthen them, so short ones grow and long ones "
                "stay, unless weight decay shortens them.",
    ),
)  # fmt: skip


def _accuracy(condition: str, factor: float) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(at_end(results, condition, factor))


VALUES = {
    **{f"{name}_{str(factor).replace('.', '_')}": _accuracy(condition, factor)
       for name, condition in zip(("none", "bn", "scaled"), CONDITIONS, strict=True) for factor in (*FAR, 1.0)},
    "diverged_none_100": lambda results: share(results.diverged.sel(condition=PLAIN, factor=100.0).isel(step=-1).values),
    "diverged_none_10": lambda results: share(results.diverged.sel(condition=PLAIN, factor=10.0).isel(step=-1).values),
    "failed_bn": lambda results: share(results.accuracy.sel(condition=NORMED).isel(step=-1).values < FAILED),
    "cost_large": lambda results: paired_difference(at_end(results, NORMED, 1.0), at_end(results, NORMED, 100.0)),
    "lengthened_small": _lengthened(0.01),
    "lengthened_large": _lengthened(100.0),
}  # fmt: skip
