"""What does freezing batch norm freeze: its statistics, γ and β, or both?

One layer first, in float64: its derivative, and what becomes of its outputs as the weights before it are multiplied, with the statistics of the batch and
with fixed ones. Then networks are trained on MNIST-5k and get a new last layer, which is trained on inverted digits, while all weights before
it are left as they are. Batch norm is frozen in each of four ways: statistics of the batch or the running ones, γ and β trained or not. The network's hidden
outputs on the old digits, its old last layer's accuracy on them, and the new one's on the new digits are measured on the way.

What came out: with fixed statistics batch norm is an affine map, and neither its gradient's null directions nor the invariance to the weights' scale is left. Without
gradients for γ and β, but in training mode, the running statistics move to the new data as a running average does, and the network forgets the old digits although
no parameter of it has changed.
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
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import PYTORCH, Convention, Standardize
from experiments.measures.statistics import Measurement, mean, paired_difference, spread
from experiments.theory import inference as theory

# the four ways: (statistics of the batch in training?, are γ and β trained?)
WAYS = {
    "batch, trained": (True, True),
    "batch, frozen": (True, False),
    "running, trained": (False, True),
    "running, frozen": (False, False),
}
SHIFTS = {"inverted": lambda x: 1 - x, "none": lambda x: x}


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # random layers, and networks with weights and batches of their own
    width: int = 48  # units in each of the two hidden layers, and of the single layer
    samples: int = 64  # inputs of the single layer
    factors: tuple[float, ...] = (0.25, 0.5, 2.0, 4.0, 10.0)  # what its weights are multiplied with
    mixtures: tuple[float, ...] = (-1.0, 0.3, 2.0, 5.0)  # shares t of one input in t x + (1 − t) x′
    batch: int = 60  # images in a training batch
    pretraining: int = 150  # steps on the old digits
    steps: tuple[int, ...] = (
        0,
        1,
        3,
        10,
        30,
        100,
    )  # of training the new last layer, after which everything is evaluated
    learning_rate: float = 0.1  # of stochastic gradient descent, without momentum
    rate: float = 0.1  # weight α of a new batch in the running statistics
    seed: int = 170  # every random stream is spawned from it


QUICK, FULL = Setup(width=12, samples=16, pretraining=10), Setup()
PAPER = Setup(runs=64, width=100, pretraining=1000, steps=(0, 1, 3, 10, 30, 100, 300, 1000))
RUNS_A_POINT = 4


@dataclass(frozen=True)
class Point:
    """The single layer, or a few networks."""

    part: str  # "layer" or "transfer"
    first: int  # the first of its runs
    last: int  # one after the last
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """The single layer, and the networks in groups."""
    transfer = {f"transfer-{first:02d}": Point("transfer", first, min(first + RUNS_A_POINT, setup.runs), setup)
                for first in range(0, setup.runs, RUNS_A_POINT)}  # fmt: skip
    return {"layer": Point("layer", 0, setup.runs, setup)} | transfer


def run(point: Point) -> xr.Dataset:
    """Compute one point."""
    return {"layer": _layer, "transfer": _transfer}[point.part](point)


def _number(name: str, units: str = "1") -> dict[str, str]:
    return {"long_name": name, "units": units}


# ------------------------------------------------------------------------------------------------------------- a single layer


def _layer(point: Point) -> xr.Dataset:
    """Null directions, scale and affinity, with the statistics of the batch and with fixed ones, without ε."""
    setup = point.setup
    rngs = [
        np.random.default_rng(s) for s in np.random.SeedSequence((setup.seed, 0)).spawn(setup.runs)
    ]
    net = Network(
        (
            Dense(setup.width, bias=False),
            Standardize(convention=Convention(0.0, setup.rate, True)),
            Affine(),
        )
    )
    params, state = net.init(rngs, setup.width)
    params[2] = {"gamma": np.stack([rng.uniform(0.5, 1.5, setup.width) for rng in rngs]),
                 "beta": np.stack([rng.standard_normal(setup.width) for rng in rngs])}  # fmt: skip
    x, other, dy = (
        np.stack([rng.standard_normal((setup.samples, setup.width)) for rng in rngs])
        for _ in range(3)
    )
    _, _, state = net.forward(
        params, state, x, training=True
    )  # so that the running statistics are not those of x
    scale = params[2]["gamma"] / np.sqrt(state[1]["running_var"])

    modes = {"batch": True, "running": False}
    constant, along, radial, scale_change, affine = ([] for _ in range(5))
    for training in modes.values():

        def forward(x, weight=params[0]["weight"], training=training):
            return net.forward([{"weight": weight}, *params[1:]], state, x, training)

        y, saved, _ = forward(x)
        norm = saved[1]["inv_std"] * np.abs(params[2]["gamma"])

        def gain(g, saved=saved, norm=norm):
            """Length of the gradient that gets through to batch norm's input, over γ/σ times that which comes, by feature."""
            through, _ = net.layers[2].backward(params[2], saved[2], g)
            through, _ = net.layers[1].backward({}, saved[1], through)
            return np.linalg.norm(through, axis=1) / (np.linalg.norm(g, axis=1) * norm)

        constant.append(gain(np.ones_like(y)).max(axis=1))
        along.append(
            gain(saved[1]["xhat"] - saved[1]["xhat"].mean(axis=1, keepdims=True)).max(axis=1)
        )
        _, grads = net.backward(params, saved, dy)
        w, dw = params[0]["weight"], grads[0]["weight"]
        radial.append(
            np.median(
                np.abs((w * dw).sum(axis=1))
                / (np.linalg.norm(w, axis=1) * np.linalg.norm(dw, axis=1)),
                axis=1,
            )
        )
        moved = [forward(x, factor * w)[0] - y for factor in setup.factors]
        scale_change.append([np.sqrt(np.mean(np.square(d), axis=(1, 2))) for d in moved])
        mixed = [
            forward(t * x + (1 - t) * other)[0] - (t * y + (1 - t) * forward(other)[0])
            for t in setup.mixtures
        ]
        affine.append([np.abs(d).max(axis=(1, 2)) for d in mixed])
    product = scale[:, None] * (x @ params[0]["weight"])
    expected = np.array(
        [theory.frozen_scale_change(setup.factors, product[r]) for r in range(setup.runs)]
    ).T
    return xr.Dataset(
        {
            "constant_gain": (("statistics", "run"), np.array(constant), _number("gain of a gradient that is the same for all samples, over γ/σ")),
            "along_gain": (("statistics", "run"), np.array(along), _number("gain of a gradient along x̂, over γ/σ")),
            "radial": (("statistics", "run"), np.array(radial), _number("|w · ∂L/∂w| over the product of lengths, median over units")),
            "scale_change": (("statistics", "factor", "run"), np.array(scale_change),
                             _number("root mean square change of outputs as the weights are multiplied")),
            "scale_theory": (("factor", "run"), expected, _number("the same with fixed statistics, closed form")),
            "affine_error": (("statistics", "mixture", "run"), np.array(affine),
                             _number("largest distance of the output of a mixture from the mixture of outputs")),
        },
        coords={"statistics": list(modes), "factor": list(setup.factors), "mixture": list(setup.mixtures),
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------------- a new last layer, trained


def _network(setup: Setup) -> Network:
    normalize = Standardize(Convention(PYTORCH.eps, setup.rate, PYTORCH.unbiased))
    block = (Dense(setup.width, weights=he_normal), normalize, Affine(), ReLU())
    return Network((*block, *block, Dense(10)))


def _train(
    net: Network,
    params,
    state,
    stream,
    optimizer: SGD,
    training: bool,
    at: tuple[int, ...],
    read: Callable,
) -> list:
    """Train a copy with batch norm in either mode; `read(params, state)` after the chosen numbers of updates."""
    params = [{name: p.copy() for name, p in layer.items()} for layer in params]
    velocity, buffers, readings = optimizer.init(params), Buffers(), []
    for step, (x, labels) in zip(range(at[-1] + 1), stream, strict=False):
        if step in at:
            readings.append(read(params, state))
        if step < at[-1]:
            logits, saved, state = net.forward(params, state, x, training, buffers)
            _, dlogits = softmax_cross_entropy(logits, labels, buffers.part("loss"))
            _, grads = net.backward(params, saved, dlogits, buffers, input_gradient=False)
            optimizer.update(params, grads, velocity, buffers.part("update"))
    return readings


def _transfer(point: Point) -> xr.Dataset:
    """Train on the old digits; then a new last layer on inverted ones, and once more on the same, in every way."""
    setup, net, digits = point.setup, _network(point.setup), mnist.load()
    seeds = np.random.SeedSequence((setup.seed, 1)).spawn(setup.runs)[point.first : point.last]
    init, data, head, tuning = zip(*(seed.spawn(4) for seed in seeds), strict=True)

    def rngs(seeds):
        return [np.random.default_rng(seed) for seed in seeds]

    def stream(shift, seeds):
        return batches(SHIFTS[shift](digits.train_x), digits.train_labels, setup.batch, rngs(seeds))

    params, state = net.init(rngs(init), features=784, dtype=np.float32)
    ((params, state),) = _train(
        net,
        params,
        state,
        stream("none", data),
        SGD(setup.learning_rate),
        True,
        (setup.pretraining,),
        lambda *a: a,
    )
    last = len(net.layers) - 1
    old, body = params[last], Network(net.layers[:last])
    fresh, _, _ = net.layers[last].init(rngs(head), setup.width, np.dtype(np.float32))

    def hidden(params: list[Arrays], state: list[Arrays], shift: str) -> np.ndarray:
        return body.forward(
            params[:last], state[:last], SHIFTS[shift](digits.test_x)[None], training=False
        )[0]

    def accuracy(h: np.ndarray, params: Arrays) -> np.ndarray:
        logits, _, _ = net.layers[last].forward(params, {}, h, training=False)
        return (logits.argmax(axis=2) == digits.test_labels).mean(axis=1)

    start = hidden(params, state, "none")
    length = np.linalg.norm(start, axis=(1, 2))
    means = state[1]["running_mean"]
    found = np.full((4, len(SHIFTS), len(WAYS), len(setup.steps), len(seeds)), np.nan)
    for s, shift in enumerate(SHIFTS):
        first = net.layers[0].forward(
            params[0], {}, SHIFTS[shift](digits.train_x)[None], training=False
        )[0]
        target = first.mean(axis=1)
        way_to_go = means - target

        def read(params, state, shift=shift, way_to_go=way_to_go, target=target):
            h = hidden(params, state, "none")
            left = ((state[1]["running_mean"] - target) * way_to_go).sum(axis=1) / np.square(
                way_to_go
            ).sum(axis=1)
            new = accuracy(h if shift == "none" else hidden(params, state, shift), params[last])
            return np.linalg.norm(h - start, axis=(1, 2)) / length, accuracy(h, old), new, left

        for w, (batch_statistics, affine) in enumerate(WAYS.values()):
            frozen = tuple((i, name) for i, layer in enumerate(params[:last]) for name in layer
                           if not (affine and name in ("gamma", "beta")))  # fmt: skip
            readings = _train(net, [*params[:last], fresh], state, stream(shift, tuning), SGD(setup.learning_rate, frozen=frozen),
                              batch_statistics, setup.steps, read)  # fmt: skip
            found[:, s, w] = np.array(readings).swapaxes(0, 1)
    dims = ("shift", "way", "step", "run")
    return xr.Dataset(
        {
            "change": (dims, found[0], _number("change of the hidden outputs on the old digits, over their length")),
            "old_accuracy": (dims, found[1], _number("accuracy on the old digits, with the old last layer")),
            "new_accuracy": (dims, found[2], _number("accuracy on the new digits, with the new last layer")),
            "left": (dims, found[3], _number("distance of the first running means from the new data's, over the distance at the start")),
            "left_theory": ("step", theory.statistics_left(setup.steps, setup.rate), _number("the same with batch statistics, in expectation")),
        },
        coords={"shift": list(SHIFTS), "way": list(WAYS), "step": np.array(setup.steps, dtype=np.int32),
                "run": np.arange(point.first, point.last, dtype=np.int32)},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ what is claimed

Measure = Callable[[xr.Dataset], Measurement]


def _all(variable: str, **at) -> Measure:
    return lambda results: spread(results[variable].sel(**at).values)


def _end(variable: str, way: str, shift: str = "inverted") -> Measure:
    """After the last step of training the new last layer."""
    return lambda results: mean(results[variable].sel(way=way, shift=shift).isel(step=-1).values)


def _lost(way: str, shift: str = "inverted") -> Measure:
    """Accuracy on the old digits, after less before."""

    def measure(results):
        at = results["old_accuracy"].sel(way=way, shift=shift)
        return paired_difference(at.isel(step=-1).values, at.isel(step=0).values)

    return measure


def _gained(first: str, second: str) -> Measure:
    """Accuracy on the new digits, of one way less another."""

    def measure(results):
        at = results["new_accuracy"].sel(shift="inverted").isel(step=-1)
        return paired_difference(at.sel(way=first).values, at.sel(way=second).values)

    return measure


def _left(step: int) -> Measure:
    return lambda results: mean(
        results["left"].sel(way="batch, frozen", shift="inverted", step=step).values
    )


def _scale_ratio(factor: float) -> Measure:
    def measure(results):
        moved = results["scale_change"].sel(statistics="running", factor=factor)
        return spread((moved / results["scale_theory"].sel(factor=factor)).values)

    return measure


def _in_words(way: str) -> str:
    statistics, parameters = way.split(", ")
    return (
        f"statistics of the {statistics}, γ and β {parameters}"
        if statistics == "batch"
        else f"running statistics, γ and β {parameters}"
    )


CLAIMS = (
    Claim(
        id="freezing-parameters-freezes-the-layer",
        says="Switching off the gradients of γ and β freezes a batch norm layer.",
        source="reader",
        cases=tuple(
            Case(f"{what} digits", _end("change", "batch, frozen", shift), lambda m: m.below(1e-6),
                 "hidden outputs in evaluation move by less than float32's round-off, one part in a million")
            for shift, what in (("inverted", "inverted"), ("none", "the same"))
        ),
        verdict="refuted",
        figure="freezing-drift",
        because="In training mode every batch still moves the running statistics, which evaluation uses.",
    ),
    Claim(
        id="freezing-both-freezes-the-layer",
        says="With its running statistics in use and γ and β frozen, a batch norm layer stays as it is.",
        source="reader",
        cases=tuple(
            Case(f"{what} digits", _end("change", "running, frozen", shift), lambda m: m.below(1e-12), "hidden outputs do not move")
            for shift, what in (("inverted", "inverted"), ("none", "the same"))
        ),
        verdict="supported",
        figure="freezing-drift",
        because="Nothing that its outputs depend on is written to.",
    ),
    Claim(
        id="frozen-backbone-remembers",
        says="A network whose weights are frozen keeps its accuracy on the old data.",
        source="reader",
        cases=(
            *(Case(_in_words(way), _lost(way), lambda m: m.above(-0.02), "reads at most 2 % fewer of the old digits") for way in WAYS),
            Case(f"{_in_words('batch, frozen')}; new data like the old", _lost("batch, frozen", "none"), lambda m: m.above(-0.02),
                 "reads at most 2 % fewer of the old digits"),
        ),
        verdict="depends",
        figure="freezing-accuracy",
        because="It keeps it if nothing of batch norm moves; with statistics that follow the new data it forgets the old.",
    ),
    Claim(
        id="statistics-drift-closed-form",
        says="With frozen weights each step leaves a share 1 − α of the running means' way to the new data's.",
        source="reader",
        # inverted, the images' means differ by several standard deviations of a unit; a batch mean errs by 1/√60 of one, and of that only the part along the
        # way counts: 0.02 is several times what is left of it in 16 runs
        cases=tuple(
            Case(f"t = {step}", _left(step), lambda m, step=step: m.within(float(theory.statistics_left(step, FULL.rate)), absolute=0.02),
                 "share of the way that is left within 0.02 of the closed form")
            for step in (1, 3, 10, 30, 100)
        ),
        verdict="supported",
        figure="freezing-statistics",
        because="They are a running average of batches from one distribution, started at the old one.",
    ),
    Claim(
        id="evaluation-mode-is-affine",
        says="With fixed statistics batch norm is an affine map, in training too.",
        source="reader",
        # two outputs of up to 5 × 20 in size and a sum of 48 products behind each: (2 · 48 + 12) u · 100 is 1.2e-12, as for folding
        cases=(
            *(Case(f"t = {t:g}", _all("affine_error", statistics="running", mixture=t), lambda m: m.below(2e-12),
                   "f(t x + (1 − t) x′) = t f(x) + (1 − t) f(x′) within round-off, 2e-12")
              for t in FULL.mixtures),
            Case("gradient that is the same for all samples", _all("constant_gain", statistics="running"),
                 lambda m: m.within(1, absolute=1e-12), "gets through with γ/σ to 1e-12"),
            Case("gradient along x̂", _all("along_gain", statistics="running"), lambda m: m.within(1, absolute=1e-12),
                 "gets through with γ/σ to 1e-12"),
        ),
        verdict="supported",
        figure="freezing-scale",
        because="Nothing in it depends on the input but the input itself.",
    ),
    Claim(
        id="frozen-scale-invariance",
        says="Frozen batch norm still makes a network independent of the scale of the weights before it.",
        source="reader",
        cases=tuple(
            Case(f"weights times {factor:g}", _all("scale_change", statistics="running", factor=factor), lambda m: m.below(1e-9),
                 "outputs move by less than 1e-9")
            for factor in FULL.factors
        ),
        verdict="refuted",
        figure="freezing-scale",
        because="The scale cancels only against statistics that are taken of the same weights.",
    ),
    Claim(
        id="frozen-scale-closed-form",
        says="With fixed statistics, weights times a move the outputs by |a − 1| times their scaled product.",
        source="reader",
        cases=tuple(
            Case(f"weights times {factor:g}", _scale_ratio(factor), lambda m: m.within(1, absolute=1e-12), "measured over closed form is 1 to 1e-12")
            for factor in FULL.factors
        ),
        verdict="supported",
        figure="freezing-scale",
        because="The map is affine, so the change is linear in the weights.",
    ),
    Claim(
        id="new-task-needs-moving-statistics",
        says="To learn the new data, the statistics have to follow them.",
        source="reader",
        cases=(
            Case("γ and β frozen", _gained("batch, frozen", "running, frozen"), lambda m: m.above(0.1),
                 "at least 10 % more of the new digits are read than with the old statistics"),
            Case("γ and β trained", _gained("batch, trained", "running, trained"), lambda m: m.above(0.1),
                 "at least 10 % more of the new digits are read than with the old statistics"),
        ),
        verdict="refuted",
        figure="freezing-accuracy",
        because="A new last layer learns from the features as they are, normalized for the new data or not.",
    ),
)  # fmt: skip

VALUES: dict[str, Measure] = {
    "radial_batch": _all("radial", statistics="batch"),
    "radial_running": _all("radial", statistics="running"),
    "old_before": lambda results: mean(
        results["old_accuracy"].sel(way="batch, frozen", shift="inverted", step=0).values
    ),
    "left_10": _left(10),
    "change_none": _end("change", "batch, frozen", "none"),
    "lost_none": _lost("batch, frozen", "none"),
    "gained": _gained("batch, frozen", "running, frozen"),
}
for _way in WAYS:
    _key = _way.replace(", ", "_")
    VALUES |= {
        f"change_{_key}": _end("change", _way),
        f"old_{_key}": _end("old_accuracy", _way),
        f"new_{_key}": _end("new_accuracy", _way),
    }
