"""If γ and β start far from where they should be, how long does it take to make up for it?

A network of three hidden layers, each dense, batch norm, sigmoid, learns MNIST-5k (shrunk to 14×14 pixels). Every γ starts at one value, from a
thirtieth to thirty, or every β at one value, from zero to eight; one more network starts with the γ and β, unit by unit, that the
network from (1, 0) ended with. All of them start from the same weights otherwise, and see the same batches. How many steps does it take
to a given loss, in parts of what it takes from (1, 0)? And do γ and β come back?

The rate, the number of steps, the target and thresholds were declared after a pilot with another seed and three runs. That γ counts without its
sign, in whether it comes back, was decided after the full result: some units had ended mirrored, at −γ.

What came out: a γ that is too small by a large factor costs less than twice the steps, and one that is too large by a factor of ten none; beyond that,
and for a large β, it takes several times as long or does not get there at all. The loss recovers and the parameters do not: a γ that
starts large stays there, and the rest of the network makes do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.buffers import Buffers
from experiments.engine.dense import Dense
from experiments.engine.layer import Arrays
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import Moment, train
from experiments.measures.statistics import Measurement, exact, mean, median, paired_ratio, share

PARAMETERS = ("gamma", "beta")
LEARNED = "learned"
USUAL = "1, 0"


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    hidden: tuple[int, ...] = (32, 32, 32)  # sigmoid units in each hidden layer
    gammas: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # γ at the start, with β = 0
    betas: tuple[float, ...] = (2.0, 4.0, 8.0)  # β at the start, with γ = 1
    batch: int = 60  # images in a training batch
    rate: float = 0.5  # learning rate of plain stochastic gradient descent
    steps: int = 600  # training steps
    readings: int = 60  # at most so many steps are read, evenly spaced on a logarithmic scale
    probe: int = 200  # training images to read the loss on, the same number of each digit
    target: float = 0.5  # loss on these that is timed, in nats
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 21  # every random stream is spawned from it


QUICK = Setup(
    hidden=(12, 12),
    gammas=(0.1, 1.0, 3.0, 10.0, 30.0),
    betas=(4.0, 8.0),
    steps=80,
    readings=14,
    probe=50,
    target=1.8,
    runs=4,
)
FULL = Setup()
PAPER = Setup(hidden=(100, 100, 100), steps=20_000, readings=120, probe=1000, target=0.2, runs=32)
RUNS_A_POINT = 8


@dataclass(frozen=True)
class Point:
    """A few runs from one start."""

    start: str  # "γ, β", or "learned"
    gamma: float
    beta: float
    first: int  # the first of its runs
    last: int  # one after the last
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Every start; the runs in groups."""
    starts = [(gamma, 0.0) for gamma in setup.gammas] + [(1.0, beta) for beta in setup.betas]
    named = [(start_name(*start), *start) for start in starts] + [(LEARNED, 1.0, 0.0)]
    return {
        f"{LEARNED if name == LEARNED else f'gamma-{gamma:g}-beta-{beta:g}'}-runs-{first:02d}": Point(
            name, gamma, beta, first, min(first + RUNS_A_POINT, setup.runs), setup)
        for name, gamma, beta in named for first in range(0, setup.runs, RUNS_A_POINT)
    }  # fmt: skip


def start_name(gamma: float, beta: float) -> str:
    """The name of a start."""
    return f"{gamma:g}, {beta:g}"


def run(point: Point) -> xr.Dataset:
    """Train a few runs from one start, and look where γ and β end."""
    start: list[Arrays] | None = None
    if point.start == LEARNED:
        _, start, _ = _trained(point, None)
    losses, end, origin = _trained(point, start)
    setup, steps = point.setup, reading_steps(point.setup)
    reached = losses < setup.target
    steps_to = np.where(reached.any(axis=0), np.array(steps)[reached.argmax(axis=0)], np.inf)

    def values(params: list[Arrays]) -> np.ndarray:
        return np.stack(
            [[layer[name] for layer in params if name in layer] for name in PARAMETERS]
        )  # (parameter, layer, run, unit)

    dims = ("start", "parameter", "layer", "run", "unit")
    return xr.Dataset(
        {
            "loss": (("start", "step", "run"), losses[None],
                     {"units": "nats", "long_name": "cross-entropy of a sample of the training images, with their statistics"}),
            "steps_to": (("start", "run"), steps_to[None], {"units": "steps", "long_name": "first reading at which that loss is under the target"}),
            "begin": (dims, values(origin)[None], {"units": "1", "long_name": "γ and β at the start"}),
            "end": (dims, values(end)[None], {"units": "1", "long_name": "γ and β at the end"}),
            "start_gamma": (("start",), [point.gamma], {"units": "1", "long_name": "γ at the start; of learned ones, that of the run they come from"}),
            "start_beta": (("start",), [point.beta], {"units": "1", "long_name": "β at the start; of learned ones, that of the run they come from"}),
        },
        coords={"start": [point.start], "parameter": list(PARAMETERS), "layer": np.arange(1, len(setup.hidden) + 1, dtype=np.int32),
                "step": np.array(steps, dtype=np.int32), "run": np.arange(point.first, point.last, dtype=np.int32)},
    )  # fmt: skip


def _trained(
    point: Point, learned: list[Arrays] | None
) -> tuple[np.ndarray, list[Arrays], list[Arrays]]:
    """Losses (step, run), and the parameters at the end and at the start; `learned` γ and β take the place of the point's."""
    setup, digits = point.setup, mnist.load_shrunk(14)
    x, labels = digits.train_x, digits.train_labels
    network = _network(setup.hidden)
    streams = [
        seed.spawn(2)
        for seed in np.random.SeedSequence(setup.seed).spawn(setup.runs)[point.first : point.last]
    ]
    params, state = network.init(
        [np.random.default_rng(weights) for weights, _ in streams], x.shape[1], np.float32
    )
    for i, layer in enumerate(params):
        for name, value in zip(PARAMETERS, (point.gamma, point.beta), strict=True):
            if name in layer:
                layer[name][:] = value if learned is None else learned[i][name]
    probe = np.concatenate(
        [np.flatnonzero(labels == digit)[: setup.probe // 10] for digit in range(10)]
    )
    buffers, end = Buffers(), []

    def loss(moment: Moment) -> np.ndarray:
        if moment.step == setup.steps:
            end.extend({name: a.copy() for name, a in layer.items()} for layer in moment.params)
        logits, _, _ = network.forward(moment.params, moment.state, x[probe][None], True, buffers)
        return softmax_cross_entropy(logits, np.broadcast_to(labels[probe], logits.shape[:2]))[0]

    stream = batches(x, labels, setup.batch, [np.random.default_rng(order) for _, order in streams])
    losses = [
        reading["loss"]
        for _, reading in train(
            network, params, state, stream, SGD(setup.rate), reading_steps(setup), {"loss": loss}
        )
    ]
    return np.stack(losses), end, params


def reading_steps(setup: Setup) -> list[int]:
    """0, and steps that are evenly spaced on a logarithmic scale."""
    return sorted({0, *np.geomspace(1, setup.steps, setup.readings).round().astype(int).tolist()})


def _network(hidden: tuple[int, ...]) -> Network:
    blocks = [(Dense(width, bias=False), Standardize(), Affine(), Sigmoid()) for width in hidden]
    return Network((*(layer for block in blocks for layer in block), Dense(10)))


# --------------------------------------------------------------------------------------------------------------------- claims


def steps_to(results: xr.Dataset, start: str) -> np.ndarray:
    """Steps of each run to the target; a run that never got there counts as all of its steps, so a ratio is at least this."""
    return np.minimum(results.steps_to.sel(start=start).values, float(results.step[-1]))


def delay(results: xr.Dataset, start: str) -> Measurement:
    """Steps to the target in parts of those from (1, 0)."""
    return paired_ratio(steps_to(results, start), steps_to(results, USUAL))


def left(results: xr.Dataset, parameter: str, start: str) -> np.ndarray:
    """How much of the distance from the usual start is left at the end; one number a run.

    Mean over the units of the last hidden layer of |p − p′| at the end, in parts of the same at the start; p from this start, p′ from (1, 0).
    γ counts without its sign: a unit with −γ is the same unit mirrored.
    """
    both = [results[when].sel(parameter=parameter).isel(layer=-1) for when in ("begin", "end")]
    both = [np.abs(one) for one in both] if parameter == "gamma" else both
    gaps = [np.abs(one.sel(start=start) - one.sel(start=USUAL)).mean("unit").values for one in both]
    return gaps[1] / gaps[0]


def _delay(gamma: float, beta: float) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: delay(results, start_name(gamma, beta))


def _left(parameter: str, gamma: float, beta: float) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(left(results, parameter, start_name(gamma, beta)))


def _gain(results: xr.Dataset) -> Measurement:
    """Steps from (1, 0) in parts of those from the learned γ and β."""
    return paired_ratio(steps_to(results, USUAL), steps_to(results, LEARNED))


CLAIMS = (
    Claim(
        "far-start-takes-long",
        says="If the start of γ and β is far from ideal, it takes long to make up for it.",
        source="thread",
        cases=tuple(
            Case(f"from γ = {gamma:g}, β = {beta:g}, steps to the target in parts of those from (1, 0)", measure=_delay(gamma, beta),
                 holds=lambda m: m.above(2.5), rule="more than two and a half times as many steps")
            for gamma, beta in ((0.1, 0.0), (10.0, 0.0), (30.0, 0.0), (1.0, 4.0), (1.0, 8.0))
        ),
        verdict="depends",
        figure="far-start-steps",
        because="It depends on the direction. A factor of ten in γ, either way, is soon made up for. A larger γ, or a large β, puts nearly all samples "
                "on the flat part of the sigmoid, and learning there is slow.",
    ),
    Claim(
        "ideal-start-saves-steps",
        says="(1, 0) is far from ideal: from better values of γ and β training is faster.",
        source="thread",
        cases=(
            Case("from the γ and β that the network from (1, 0) ended with: steps to the target from (1, 0) in parts of those from there", measure=_gain,
                 holds=lambda m: m.above(1.2), rule="at least a fifth more steps from (1, 0)"),
        ),
        verdict="supported",
        figure="far-start-steps",
        because="With the same weights and batches, the start at learned values gets to the target sooner. It saves a part of the steps, not most.",
    ),
    Claim(
        "gamma-beta-come-back",
        says="Wherever γ and β start, training brings them to the same values.",
        source="thread",
        cases=tuple(
            Case(f"{greek} from ({gamma:g}, {beta:g}) against (1, 0), last hidden layer: distance at the end in parts of that at the start",
                 measure=_left(parameter, gamma, beta), holds=lambda m: m.below(0.5), rule="less than half of the distance is left")
            for greek, parameter, gamma, beta in (("γ", "gamma", 0.1, 0.0), ("γ", "gamma", 10.0, 0.0), ("β", "beta", 1.0, 4.0))
        ),
        verdict="depends",
        figure="far-start-return",
        because="A γ that starts small goes most of the way in the last hidden layer. A γ or a β that starts large keeps most of its distance: the "
                "loss comes down with it all the same, or its gradient is too small to move it.",
    ),
)  # fmt: skip

VALUES = {
    "delay_small": _delay(0.1, 0.0),
    "delay_large": _delay(10.0, 0.0),
    "delay_larger": _delay(30.0, 0.0),
    "delay_beta": _delay(1.0, 4.0),
    "reached_beta_largest": lambda results: share(np.isfinite(results.steps_to.sel(start=start_name(1.0, 8.0)).values)),
    "gain": _gain,
    "gain_three": lambda results: paired_ratio(steps_to(results, USUAL), steps_to(results, start_name(3.0, 0.0))),
    "steps": lambda results: median(steps_to(results, USUAL), "steps"),
    "left_small": _left("gamma", 0.1, 0.0),
    "left_large": _left("gamma", 10.0, 0.0),
    "left_beta": _left("beta", 1.0, 4.0),
    "target": lambda results: exact(FULL.target),
}  # fmt: skip
