"""Where mini-batches look alike, is there any shift, and is there anything left for batch norm to do?

Two networks, with batch norm and without, of three hidden layers of sigmoids, learn MNIST-5k (shrunk to 14×14 pixels) from the same weights and
the same batches. What changes is how alike the batches are: one batch again and again; the same number of each digit in every batch;
drawn at random, as usual; two digits in a batch; one digit in a batch. Three things are read: how much the inputs of the last hidden layer differ
from batch to batch while the network stands still; how far their distribution on fixed images travels while it learns; and how many
steps it takes to a given loss on what it learns from, with the statistics of that data.

Rates, number of steps and thresholds were declared after a pilot with another seed and four runs. The claim that alike batches mean less
shift over training was added after the full result had been seen, since the figure shows it plainly.

What came out: with the same batch again and again nothing differs from batch to batch, and batch norm still speeds training up many
times: more than with random batches at the main rate, less at the second. Distributions travel far over training even then, and without batch norm much
further with random batches. Where batches differ most, with one digit in each, neither network learns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.buffers import Buffers
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import Moment, train
from experiments.measures.distribution import Path, ordered
from experiments.measures.statistics import (
    Measurement,
    exact,
    mean,
    median,
    paired_difference,
    paired_ratio,
)

NORMS = ("none", "batch norm")
KINDS = (
    "one batch",
    "balanced",
    "random",
    "two digits",
    "one digit",
)  # from the most alike to the least


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    hidden: tuple[int, ...] = (40, 40, 40)  # sigmoid units in each hidden layer
    batch: int = 60  # images in a training batch
    rate: float = 1.0  # learning rate of plain stochastic gradient descent
    second_rate: float = 3.0  # another rate, for one batch and for random ones
    steps: int = 600  # training steps
    readings: int = 45  # at most so many steps are read, evenly spaced on a logarithmic scale
    compared: int = 12  # batches that are compared with each other
    probe: int = 200  # training images to read loss and distributions on, digits alike
    target: float = 1.0  # loss on the probe that is timed, in nats
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 22  # every random stream is spawned from it


QUICK = Setup(
    hidden=(12, 12), batch=30, steps=60, readings=8, compared=4, probe=30, target=2.0, runs=4
)
FULL = Setup()
PAPER = Setup(
    hidden=(100, 100, 100), steps=10_000, readings=90, compared=40, probe=1000, target=0.3, runs=32
)
RUNS_A_POINT = 8


@dataclass(frozen=True)
class Point:
    """A few runs of one network on one kind of batches at one rate."""

    kind: str
    norm: str
    rate: float
    first: int  # the first of its runs
    last: int  # one after the last
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Every kind and network at the main rate, two kinds at a second one; the runs in groups."""
    return {
        f"{kind}-{norm}-rate-{rate:g}-runs-{first:02d}".replace(" ", "-"): Point(
            kind, norm, rate, first, min(first + RUNS_A_POINT, setup.runs), setup)
        for kind in KINDS for norm in NORMS for rate in rates(setup, kind) for first in range(0, setup.runs, RUNS_A_POINT)
    }  # fmt: skip


def rates(setup: Setup, kind: str) -> tuple[float, ...]:
    """The rates at which a kind of batches is tried."""
    return (setup.rate, setup.second_rate) if kind in ("one batch", "random") else (setup.rate,)


def run(point: Point) -> xr.Dataset:
    """Train a few runs of one network and read them."""
    setup, digits = point.setup, mnist.load_shrunk(14)
    x, test_x, labels = digits.train_x, digits.test_x, digits.train_labels
    network = _network(setup.hidden, point.norm)
    streams = [
        seed.spawn(3)
        for seed in np.random.SeedSequence(setup.seed).spawn(setup.runs)[point.first : point.last]
    ]
    params, state = network.init(
        [np.random.default_rng(seeds[0]) for seeds in streams], x.shape[1], np.float32
    )

    def stream() -> Iterator[np.ndarray]:
        """Indices of the images in the next batch of every run, (run, image)."""
        return map(np.stack, zip(*(indices(point.kind, labels, setup.batch, np.random.default_rng(seeds[1])) for seeds in streams),
                                 strict=True))  # fmt: skip

    # One batch again and again is all that it learns from; whoever has others is read on a sample of all images.
    fixed = (
        [next(stream())]
        if point.kind == "one batch"
        else [_balanced(labels, setup.probe, np.random.default_rng(s[2])) for s in streams]
    )
    fixed = np.concatenate(fixed) if point.kind == "one batch" else np.stack(fixed)
    place = _place(network)
    buffers, path = Buffers(), Path()
    between: list[np.ndarray] = []
    steps = reading_steps(setup)

    def loss(moment: Moment) -> np.ndarray:
        logits, saved, _ = network.forward(moment.params, moment.state, x[fixed], True, buffers)
        path.read(ordered(saved[place]["x"]))
        return softmax_cross_entropy(logits, labels[fixed])[0]

    def standing_still(moment: Moment) -> int:
        if moment.step in (0, setup.steps):
            batches = stream()
            seen = [
                network.forward(moment.params, moment.state, x[next(batches)], True)[1][place]["x"]
                for _ in range(setup.compared)
            ]
            between.append(batch_to_batch(np.stack(seen, axis=1)))
        return moment.step

    def accuracy(moment: Moment) -> np.ndarray:
        if moment.step < setup.steps:
            return np.full(len(streams), np.nan)
        logits, _, _ = network.forward(moment.params, moment.state, test_x[None], True)
        return (logits.argmax(axis=2) == digits.test_labels).mean(axis=1)

    drawn = ((x[chosen], labels[chosen]) for chosen in stream())
    readings = [reading for _, reading in train(network, params, state, drawn, SGD(point.rate), steps,
                                                {"loss": loss, "still": standing_still, "accuracy": accuracy})]  # fmt: skip

    losses = np.stack([reading["loss"] for reading in readings])
    reached = losses < setup.target
    steps_to = np.where(reached.any(axis=0), np.array(steps)[reached.argmax(axis=0)], np.inf)
    ends, deviations = ("kind", "norm", "rate", "run"), "standard deviations"
    at = (None, None, None)
    return xr.Dataset(
        {
            "loss": (("kind", "norm", "rate", "step", "run"), losses[at],
                     {"units": "nats", "long_name": "cross-entropy of the images it learns from, or a sample of them, with their statistics"}),
            "steps_to": (ends, steps_to[at], {"units": "steps", "long_name": "first reading at which that loss is under the target"}),
            "accuracy": (ends, readings[-1]["accuracy"][at], {"units": "1", "long_name": "accuracy on the test set with its own statistics"}),
            "between": (("kind", "norm", "rate", "when", "run"), np.stack(between)[at],
                        {"units": deviations, "long_name": "spread of batch means in front of the last normalization or sigmoid, mean over units"}),
            "travelled": (ends, path.spreads.mean(axis=1)[at],
                          {"units": deviations, "long_name": "way of the distribution there on fixed images, in its own widths, mean over units"}),
        },
        coords={"kind": [point.kind], "norm": [point.norm], "rate": [point.rate], "step": np.array(steps, dtype=np.int32),
                "when": ["before", "after"], "run": np.arange(point.first, point.last, dtype=np.int32)},
    )  # fmt: skip


def reading_steps(setup: Setup) -> list[int]:
    """0, and steps that are evenly spaced on a logarithmic scale."""
    return sorted({0, *np.geomspace(1, setup.steps, setup.readings).round().astype(int).tolist()})


def indices(
    kind: str, labels: np.ndarray, batch: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Which images are in each batch, without end.

    Parameters
    ----------
    kind : str
        "one batch": one balanced batch, for ever. "balanced": the same number of each label in every batch. "random": in random order.
        "two digits": of two labels, paired anew in every epoch, batches in random order. "one digit": of one label, batches in random
        order. In all but the first every image comes at most once an epoch, and the rest that fills no batch is left out.
    labels : ndarray, shape (image,)
    batch : int
        Images a batch.
    rng : Generator

    Yields
    ------
    ndarray, shape (batch,)
    """
    of_label = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if kind == "one batch":
        chosen = _balanced(labels, batch, rng)
        while True:
            yield chosen
    while True:
        if kind == "balanced":
            share = batch // len(of_label)
            columns = [cut(rng.permutation(images), share) for images in of_label]
            epoch = [np.concatenate(parts) for parts in zip(*columns, strict=True)]
        elif kind == "random":
            epoch = cut(rng.permutation(len(labels)), batch)
        else:
            size = 2 if kind == "two digits" else 1
            groups = rng.permutation(len(of_label)).reshape(-1, size)
            epoch = [
                part
                for group in groups
                for part in cut(
                    rng.permutation(np.concatenate([of_label[k] for k in group])), batch
                )
            ]
            epoch = [epoch[k] for k in rng.permutation(len(epoch))]
        yield from epoch


def cut(images: np.ndarray, size: int) -> list[np.ndarray]:
    """Consecutive pieces of one size; what is left over is left out."""
    return [images[start : start + size] for start in range(0, len(images) - size + 1, size)]


def batch_to_batch(values: np.ndarray) -> np.ndarray:
    """Spread of a unit's batch means, in standard deviations within a batch; mean over units.

    √(Var_batches(mean_images z) / mean_batches(Var_images z)), biased below. For batches drawn at random it is close to 1/√images.

    Parameters
    ----------
    values : ndarray, shape (run, batch, image, unit)

    Returns
    -------
    ndarray, shape (run,)
    """
    values = values.astype(np.float64)
    means, within = values.mean(axis=2), values.var(axis=2).mean(axis=1)
    centred = means - means[:, :1]  # batches that are the same differ by exactly zero
    return np.sqrt(centred.var(axis=1, ddof=1) / within).mean(axis=1)


def _balanced(labels: np.ndarray, images: int, rng: np.random.Generator) -> np.ndarray:
    kinds = np.unique(labels)
    return np.concatenate(
        [
            rng.choice(np.flatnonzero(labels == label), images // len(kinds), replace=False)
            for label in kinds
        ]
    )


def _network(hidden: tuple[int, ...], norm: str) -> Network:
    """Hidden layers of sigmoids, and ten classes. β takes the place of the bias in front of batch norm."""
    layers: list = []
    for width in hidden:
        if norm == "batch norm":
            layers += [Dense(width, bias=False), Standardize(), Affine(), Sigmoid()]
        else:
            layers += [Dense(width), Sigmoid()]
    return Network((*layers, Dense(10)))


def _place(network: Network) -> int:
    """Where the last hidden layer's inputs are: its normalization, or its sigmoid if there is none."""
    return max(i for i, layer in enumerate(network.layers) if isinstance(layer, Standardize | Sigmoid)
               and isinstance(network.layers[i - 1], Dense))  # fmt: skip


# --------------------------------------------------------------------------------------------------------------------- claims


def steps_to(results: xr.Dataset, kind: str, norm: str, rate: float) -> np.ndarray:
    """Steps of each run to the target; a run that never got there counts as all of its steps, so a ratio is at least this."""
    return np.minimum(
        results.steps_to.sel(kind=kind, norm=norm, rate=rate).values, float(results.step[-1])
    )


def main_rate(results: xr.Dataset) -> float:
    """The rate at which every kind was tried."""
    tried = np.isfinite(results.accuracy.isel(run=0)).all(["kind", "norm"])
    return float(results.rate[tried.values][0])


def second_rate(results: xr.Dataset) -> float:
    """The other one."""
    return float(results.rate[results.rate.values != main_rate(results)][0])


def speedup(results: xr.Dataset, kind: str, rate: float) -> Measurement:
    """Steps to the target without batch norm in parts of those with it."""
    return paired_ratio(*(steps_to(results, kind, norm, rate) for norm in NORMS))


def _speedup(
    kind: str, rate: Callable[[xr.Dataset], float] = main_rate
) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: speedup(results, kind, rate(results))


def _between(kind: str, norm: str, when: str = "before") -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(
        results.between.sel(kind=kind, norm=norm, rate=main_rate(results), when=when).values
    )


def _travelled(kind: str, norm: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(
        results.travelled.sel(kind=kind, norm=norm, rate=main_rate(results)).values
    )


def _balanced_against_random(norm: str) -> Callable[[xr.Dataset], Measurement]:
    def measure(results: xr.Dataset) -> Measurement:
        ways = results.travelled.sel(norm=norm, rate=main_rate(results))
        return paired_ratio(ways.sel(kind="balanced").values, ways.sel(kind="random").values)

    return measure


def _random_against_one(results: xr.Dataset) -> Measurement:
    """The speed-up with random batches in parts of that with one batch, run by run."""
    ratios = [
        np.divide(*(steps_to(results, kind, norm, main_rate(results)) for norm in NORMS))
        for kind in ("random", "one batch")
    ]
    return paired_ratio(*ratios)


def _gain(kind: str) -> Callable[[xr.Dataset], Measurement]:
    """Accuracy at the end with batch norm minus that without."""

    def measure(results: xr.Dataset) -> Measurement:
        both = results.accuracy.sel(kind=kind, rate=main_rate(results))
        return paired_difference(both.sel(norm="batch norm").values, both.sel(norm="none").values)

    return measure


CLAIMS = (
    Claim(
        "alike-batches-no-shift",
        says="If mini-batches look alike, there is hardly any covariate shift.",
        source="thread",
        cases=(
            Case("from batch to batch, the same batch every time, without batch norm, before training", measure=_between("one batch", "none"),
                 holds=lambda m: m.below(0.25), rule="batch means differ by less than a quarter of a standard deviation"),
            Case("from batch to batch, the same number of each digit, without batch norm, before training", measure=_between("balanced", "none"),
                 holds=lambda m: m.below(0.25), rule="batch means differ by less than a quarter of a standard deviation"),
            Case("over training, the same batch every time, without batch norm", measure=_travelled("one batch", "none"),
                 holds=lambda m: m.below(1.0), rule="the distribution travels less than one standard deviation of its own"),
            Case("over training, the same batch every time, in front of batch norm", measure=_travelled("one batch", "batch norm"),
                 holds=lambda m: m.below(1.0), rule="the distribution travels less than one standard deviation of its own"),
        ),
        verdict="depends",
        figure="batch-similarity-shift",
        because="From batch to batch, yes. But the covariate shift inside a network is what the weights below do to the inputs of a layer, and they "
                "change while it learns, even from a single batch.",
    ),
    Claim(
        "alike-batches-less-shift",
        says="The more alike the mini-batches, the less the distributions shift over training.",
        source="thread",
        cases=tuple(
            Case(f"{words}, the same number of each digit against random batches", measure=_balanced_against_random(norm),
                 holds=lambda m: m.below(0.5), rule="the distribution travels less than half as far")
            for norm, words in (("none", "without batch norm"), ("batch norm", "in front of batch norm"))
        ),
        verdict="depends",
        figure="batch-similarity-shift",
        because="Without batch norm, yes: the two differ only in how many of each digit a batch holds, and the distributions follow that. With "
                "batch norm below them they hardly do.",
    ),
    Claim(
        "alike-batches-no-norm",
        says="With similar mini-batches there is nothing to gain from batch norm.",
        source="thread",
        cases=(
            *(Case(f"{words}, at the main rate", measure=_speedup(kind), holds=lambda m: m.below(1.5),
                   rule="fewer than one and a half times as many steps to the target without batch norm")
              for kind, words in (("one batch", "the same batch every time"), ("balanced", "the same number of each digit"))),
            Case("the same batch every time, at the second rate", measure=_speedup("one batch", second_rate), holds=lambda m: m.below(1.5),
                 rule="fewer than one and a half times as many steps to the target without batch norm"),
        ),
        verdict="refuted",
        figure="batch-similarity-speed",
        because="With one and the same batch at every step, batch norm reaches the target many times sooner. What it does for a network of sigmoids, it "
                "does within a batch.",
    ),
    Claim(
        "different-batches-more-gain",
        says="The more mini-batches differ, the more batch norm helps.",
        source="reader",
        cases=(
            Case("speed-up with random batches in parts of that with one batch, at the main rate", measure=_random_against_one,
                 holds=lambda m: m.above(2.0), rule="more than twice the speed-up"),
            Case("two digits a batch: accuracy at the end with batch norm minus without", measure=_gain("two digits"),
                 holds=lambda m: m.above(0.1), rule="more than ten percentage points higher"),
            Case("one digit a batch: accuracy at the end with batch norm minus without", measure=_gain("one digit"),
                 holds=lambda m: m.above(0.1), rule="more than ten percentage points higher"),
        ),
        verdict="depends",
        figure="batch-similarity-speed",
        because="With two digits in a batch it is batch norm that learns at all. With one digit neither network learns; and at the main rate the speed-up with "
                "random batches is smaller than with a single one.",
    ),
)  # fmt: skip


def _steps(kind: str, norm: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: median(steps_to(results, kind, norm, main_rate(results)), "steps")


def _accuracy(kind: str, norm: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(
        results.accuracy.sel(kind=kind, norm=norm, rate=main_rate(results)).values
    )


VALUES = {
    "speedup_one": _speedup("one batch"),
    "speedup_balanced": _speedup("balanced"),
    "speedup_random": _speedup("random"),
    "speedup_one_second": _speedup("one batch", second_rate),
    "speedup_random_second": _speedup("random", second_rate),
    "steps_one_none": _steps("one batch", "none"),
    "steps_one_bn": _steps("one batch", "batch norm"),
    "steps_random_none": _steps("random", "none"),
    "steps_random_bn": _steps("random", "batch norm"),
    "between_balanced": _between("balanced", "none"),
    "between_random": _between("random", "none"),
    "between_two": _between("two digits", "none"),
    "between_one_digit": _between("one digit", "none"),
    "travelled_one_none": _travelled("one batch", "none"),
    "travelled_one_bn": _travelled("one batch", "batch norm"),
    "travelled_balanced_none": _travelled("balanced", "none"),
    "between_random_bn": _between("random", "batch norm"),
    "travelled_random_none": _travelled("random", "none"),
    "accuracy_two_none": _accuracy("two digits", "none"),
    "accuracy_two_bn": _accuracy("two digits", "batch norm"),
    "accuracy_one_none": _accuracy("one digit", "none"),
    "accuracy_one_bn": _accuracy("one digit", "batch norm"),
    "target": lambda results: exact(FULL.target),
}  # fmt: skip
