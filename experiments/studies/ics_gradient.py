"""Does batch norm reduce internal covariate shift, if the shift is what happens to a layer's gradient?

Two definitions on the same runs. In one training step the layers before a layer move; by how much does the distribution of the layer's
inputs move, and by how much the gradient of its own weights, on the same batch (`experiments.measures.shift`; Santurkar et al. 2018,
Definition 2.1)? The network is that of Ioffe & Szegedy 2015, three hidden layers of sigmoids on handwritten digits, at the two learning rates
of `ics_distribution`; beside it a deep linear network with all samples in one batch, which has neither nonlinearities nor noise. With and
without batch norm, in pairs: the same initial weights, the same batches.

Readings are spaced evenly on a logarithmic scale and then evenly. What stands for a run is the mean over its readings and layers. Since
a network that is stuck does not shift, networks are also compared where they have come equally far: at the readings whose training loss
lies in a window. The rates of the linear network and the window came after a trial with another seed.

What came out: in standard deviations of their own the inputs move less with batch norm, and the gradients turn more. The
gradients of the network without it hardly turn while it stays on a plateau, where most of the readings are; while it learns, they turn more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import train
from experiments.measures.shift import distribution_shift, gradient_shift, stepped
from experiments.measures.statistics import Measurement, mean, paired_ratio, share

NORMS = ("none", "batch norm")
SMALL, MAIN = "sigmoids, small rate", "sigmoids, main rate"
LINEAR, LINEAR_LARGE = "linear, small rate", "linear, larger rate"
CASES = (SMALL, MAIN, LINEAR, LINEAR_LARGE)


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    hidden: tuple[int, ...] = (100, 100, 100)  # sigmoid units in each hidden layer
    batch: int = 60  # images in a training batch
    small_rate: float = 0.1  # learning rate at which the network without batch norm hardly learns
    rate: float = (
        1.0  # learning rate of the main comparison, good for the network without batch norm
    )
    small_steps: int = 150  # training steps at the small rate
    steps: int = 560  # training steps at the main rate
    readings: int = 18  # steps read on a logarithmic scale
    every: int = 35  # beside those, every so many steps are read
    probe: int = 200  # test images on which distributions are read, the same number of each digit
    window: tuple[float, float] = (
        0.4,
        1.6,
    )  # training losses, in nats, between which networks are equally far
    linear_depth: int = 12  # layers of the linear network
    linear_width: int = 10  # its units a layer, and numbers in a sample
    linear_samples: int = 100  # its samples, all in one batch
    linear_rate: float = 0.001  # its small learning rate
    linear_large_rate: float = 0.003  # its larger learning rate
    linear_steps: int = 250  # its training steps
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 24  # every random stream is spawned from it


QUICK = Setup(hidden=(24, 24, 24), steps=160, small_steps=30, readings=6, every=40, probe=50, linear_depth=4, linear_samples=30, linear_steps=20,
              runs=4)  # fmt: skip
FULL = Setup()
PAPER = FULL


@dataclass(frozen=True)
class Point:
    """All runs of one network under one setting."""

    case: str
    norm: str
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Each network, with and without batch norm."""
    return {f"{case}-{norm}".replace(",", "").replace(" ", "-"): Point(case, norm, setup)
            for case in CASES for norm in NORMS}  # fmt: skip


def run(point: Point) -> xr.Dataset:
    """Train one network and read both shifts."""
    setup = point.setup
    seeds = [seed.spawn(2) for seed in np.random.SeedSequence(setup.seed).spawn(setup.runs)]
    weights, order = (
        [np.random.default_rng(seed) for seed in column] for column in zip(*seeds, strict=True)
    )
    linear = point.case in (LINEAR, LINEAR_LARGE)
    readings = (_linear if linear else _sigmoids)(setup, point.norm, point.case, weights, order)
    steps, losses, shifts = zip(*readings, strict=True)
    dims, about = ("case", "norm", "layer", "step", "run"), {"units": "1"}
    names = {
        "cosine": "cosine between a layer's gradient before and after the layers before it have stepped",
        "absolute": "length of the difference of the two gradients",
        "relative": "length of the difference of the two gradients in parts of the first",
        "travelled": "Wasserstein-1 distance that a layer's inputs move in the step, mean over inputs",
        "spreads": "the same distance in standard deviations of the input",
    }
    layers = setup.linear_depth if linear else len(setup.hidden) + 1
    return xr.Dataset(
        {kind: (dims, np.stack([shift[kind] for shift in shifts], axis=1)[None, None], about | {"long_name": name})
         for kind, name in names.items()}
        | {"loss": (("case", "norm", "step", "run"), np.stack(losses)[None, None].astype(float),
                    {"units": "1", "long_name": "training loss: cross-entropy in nats, or half the mean squared error"})},
        coords={"case": [point.case], "norm": [point.norm], "layer": np.arange(2, layers + 1, dtype=np.int32),
                "step": np.array(steps, dtype=np.int32), "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


Reading = tuple[int, np.ndarray, dict[str, np.ndarray]]  # step, loss (run,), kind → (layer, run)


def _sigmoids(setup: Setup, norm: str, case: str, weights: list, order: list) -> Iterator[Reading]:
    digits, (rate, last) = mnist.load(), rate_and_steps(setup, case)
    probe = np.concatenate(
        [digits.test_x[digits.test_labels == digit][: setup.probe // 10] for digit in range(10)]
    )[None]
    network = Network((*(layer for width in setup.hidden for layer in (*_dense(width, norm), Sigmoid())), Dense(10)))  # fmt: skip
    params, state = network.init(weights, 784, np.float32)
    layers, buffers = _dense_layers(network), Buffers()
    stream = batches(digits.train_x, digits.train_labels, setup.batch, order)
    found: list[Reading] = []

    def instrument(moment) -> int:
        after = stepped(moment.params, moment.grads, rate)
        shifts = gradient_shift(network, moment.params, after, moment.state, moment.grads, moment.x, moment.labels, softmax_cross_entropy,
                                layers, buffers.part("batch"))  # fmt: skip
        shifts |= distribution_shift(
            network, moment.params, after, moment.state, probe, layers, buffers.part("probe")
        )
        found.append((moment.step, moment.loss.copy(), shifts))
        return moment.step

    for _ in train(
        network, params, state, stream, SGD(rate), reading_steps(setup, last), {"step": instrument}
    ):
        pass
    yield from found


def _linear(setup: Setup, norm: str, case: str, weights: list, data: list) -> Iterator[Reading]:
    """Full-batch descent on ½ mean ‖y − Ax‖², with Gaussian x and A."""
    width, (rate, last) = setup.linear_width, rate_and_steps(setup, case)
    network = Network(
        (
            *(
                layer
                for _ in range(setup.linear_depth - 1)
                for layer in _dense(width, norm, bias=False)
            ),
            Dense(width, bias=False),
        )
    )
    params, state = network.init(weights, width, np.float64)
    x = np.stack([rng.standard_normal((setup.linear_samples, width)) for rng in data])
    target = x @ np.stack([rng.standard_normal((width, width)) for rng in data])
    layers, optimizer = _dense_layers(network), SGD(rate)
    chosen, buffers = set(reading_steps(setup, last)), Buffers()
    for step in range(last + 1):
        y, saved, _ = network.forward(params, state, x, True, buffers.part("step"))
        loss, dy = half_squared_error(y, target)
        grads = network.backward(params, saved, dy, buffers.part("step"), input_gradient=False)[1]
        if step in chosen:
            after = stepped(params, grads, rate)
            shifts = gradient_shift(
                network,
                params,
                after,
                state,
                grads,
                x,
                target,
                half_squared_error,
                layers,
                buffers.part("batch"),
            )
            shifts |= distribution_shift(
                network, params, after, state, x, layers, buffers.part("probe")
            )
            yield step, loss, shifts
        optimizer.update(params, grads, {})


def rate_and_steps(setup: Setup, case: str) -> tuple[float, int]:
    """The learning rate and the last step of a case."""
    return {SMALL: (setup.small_rate, setup.small_steps), MAIN: (setup.rate, setup.steps), LINEAR: (setup.linear_rate, setup.linear_steps),
            LINEAR_LARGE: (setup.linear_large_rate, setup.linear_steps)}[case]  # fmt: skip


def half_squared_error(y: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """L = ½ mean_samples ‖y − t‖² and ∂L/∂y = (y − t)/m: (run, sample, feature) → (run,) and the shape of y."""
    difference = y - target
    return 0.5 * np.square(difference).sum(axis=2).mean(axis=1), difference / y.shape[1]


def reading_steps(setup: Setup, last: int) -> list[int]:
    """The steps that are read: 0, evenly spaced on a logarithmic scale, and evenly spaced."""
    spaced = np.geomspace(1, last, setup.readings).round().astype(int).tolist()
    return sorted({0, *spaced, *range(0, last + 1, setup.every)})


def _dense(width: int, norm: str, bias: bool = True) -> tuple:
    """β takes the place of the bias in front of batch norm."""
    return (
        (Dense(width, bias=False), Standardize(), Affine())
        if norm == "batch norm"
        else (Dense(width, bias=bias),)
    )


def _dense_layers(network: Network) -> tuple[int, ...]:
    """All but the first, which nothing precedes."""
    return tuple(i for i, layer in enumerate(network.layers) if isinstance(layer, Dense))[1:]


# --------------------------------------------------------------------------------------------------------------------- claims


def readings(results: xr.Dataset, case: str, norm: str, kind: str) -> xr.DataArray:
    """What was read of a network, (layer, step, run), without the layers and steps that other networks have."""
    at = results.sel(case=case, norm=norm)
    read = results["loss"].sel(case=case).notnull().any(["norm", "run"])
    layers = results["cosine"].sel(case=case).notnull().any(["norm", "step", "run"])
    return (
        at[kind].sel(step=read, layer=layers)
        if "layer" in at[kind].dims
        else at[kind].sel(step=read)
    )


def shift(results: xr.Dataset, case: str, norm: str, kind: str) -> np.ndarray:
    """A run's shift: the mean over readings and layers. Of a "turn" it is that of 1 − cosine."""
    values = readings(results, case, norm, "cosine" if kind == "turn" else kind)
    return (1 - values if kind == "turn" else values).mean(["layer", "step"], skipna=False).values


def shift_in_window(
    results: xr.Dataset, norm: str, kind: str, window: tuple[float, float]
) -> np.ndarray:
    """The same at the main rate over the readings at which the run's training loss lies in a window; if none does, the closest."""
    loss = readings(results, MAIN, norm, "loss").values
    values = (
        readings(results, MAIN, norm, "cosine" if kind == "turn" else kind).mean("layer").values
    )
    values = 1 - values if kind == "turn" else values
    low, high = window
    outside = np.maximum(np.maximum(low - loss, loss - high), 0)
    inside = outside == np.minimum(outside.min(axis=0), outside.max(axis=0))
    return (values * inside).sum(axis=0) / inside.sum(axis=0)


def _ratio(case: str, kind: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: paired_ratio(
        shift(results, case, "batch norm", kind), shift(results, case, "none", kind)
    )


def _ratio_in_window(kind: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: paired_ratio(
        *(shift_in_window(results, norm, kind, FULL.window) for norm in reversed(NORMS))
    )


def end_loss(results: xr.Dataset, case: str, norm: str) -> np.ndarray:
    """A run's mean training loss over the last three evenly spaced readings."""
    return readings(results, case, norm, "loss").values[-3:].mean(axis=0)


def _less_is_faster(
    kind: str, one: tuple[str, str], other: tuple[str, str]
) -> Callable[[xr.Dataset], Measurement]:
    """Share of runs in which, of two networks, the one that shifts less has the lower training loss at its end."""

    def measure(results: xr.Dataset) -> Measurement:
        less = shift(results, *one, kind) < shift(results, *other, kind)
        return share(less == (end_loss(results, *one) < end_loss(results, *other)))

    return measure


def turned_around(results: xr.Dataset, norm: str, case: str = LINEAR_LARGE) -> Measurement:
    """Share of runs in which the cosine of the last layer is negative at some reading."""
    return share((readings(results, case, norm, "cosine").isel(layer=-1) < 0).any("step").values)


_SMALLER = {
    "holds": lambda m: m.below(1.0),
    "rule": "the shift is smaller with batch norm: ratio below 1",
}
_NOT_REDUCED = {
    "holds": lambda m: m.above(0.8),
    "rule": "with batch norm more than four fifths of what it is without: ratio above 0.8",
}
_MOST = {
    "holds": lambda m: m.above(0.5),
    "rule": "the network that shifts less ends lower in most runs",
}

CLAIMS = (
    Claim(
        "bn-reduces-covariate-shift",
        says="Batch norm reduces internal covariate shift.",
        source="overview",
        cases=(
            Case("distribution of the inputs, in their own standard deviations, at the main rate", measure=_ratio(MAIN, "spreads"), **_SMALLER),
            Case("distribution of the inputs, in their own standard deviations, at the small rate", measure=_ratio(SMALL, "spreads"), **_SMALLER),
            Case("relative change of the gradient, at the main rate", measure=_ratio(MAIN, "relative"), **_SMALLER),
            Case("relative change of the gradient, at the small rate", measure=_ratio(SMALL, "relative"), **_SMALLER),
            Case("length of the change of the gradient, at the main rate", measure=_ratio(MAIN, "absolute"), **_SMALLER),
            Case("relative change of the gradient, at the main rate, where the training loss is equally low",
                 measure=_ratio_in_window("relative"), **_SMALLER),
            Case("relative change of the gradient, in the linear network, at the small rate", measure=_ratio(LINEAR, "relative"), **_SMALLER),
        ),
        verdict="depends",
        figure="ics-gradient-definitions",
        because="It depends on the definition and on when one looks. By the distribution definition the shift is smaller with batch norm; by the gradient "
                "definition it is larger over training as a whole and smaller where both networks are equally far.",
    ),
    Claim(
        "covariate-shift-not-reduced",
        says="Covariate shift is not significantly reduced by batch norm.",
        source="demo",
        cases=(
            Case("turn of the gradient, one minus the cosine, over all of training at the main rate", measure=_ratio(MAIN, "turn"), **_NOT_REDUCED),
            Case("turn of the gradient over all of training at the small rate", measure=_ratio(SMALL, "turn"), **_NOT_REDUCED),
            Case("turn of the gradient in the linear network, at the small rate", measure=_ratio(LINEAR, "turn"), **_NOT_REDUCED),
            Case("turn of the gradient at the main rate, where the training loss is equally low",
                 measure=_ratio_in_window("turn"), **_NOT_REDUCED),
        ),
        verdict="depends",
        figure="ics-gradient-cosine",
        because="By the gradient definition it is not reduced over training as a whole, at either rate or in the linear network; compared where the "
                "training loss is equally low, gradients turn less with batch norm.",
    ),
    Claim(
        "less-shift-is-faster",
        says="Less internal covariate shift means faster training.",
        source="overview",
        cases=(
            Case("turn of the gradient, with against without batch norm, at the main rate",
                 measure=_less_is_faster("turn", (MAIN, "batch norm"), (MAIN, "none")), **_MOST),
            Case("turn of the gradient, with against without batch norm, at the small rate",
                 measure=_less_is_faster("turn", (SMALL, "batch norm"), (SMALL, "none")), **_MOST),
            Case("distribution, in its own standard deviations, with against without batch norm, at the main rate",
                 measure=_less_is_faster("spreads", (MAIN, "batch norm"), (MAIN, "none")), **_MOST),
            Case("distribution, in its own standard deviations, with against without batch norm, at the small rate",
                 measure=_less_is_faster("spreads", (SMALL, "batch norm"), (SMALL, "none")), **_MOST),
        ),
        verdict="depends",
        figure="ics-gradient-definitions",
        because="With batch norm training is faster and the distributions move less, but the gradients turn more: whether less shift goes with speed "
                "depends on which shift is meant.",
    ),
)  # fmt: skip


def _mean_shift(case: str, norm: str, kind: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(shift(results, case, norm, kind))


VALUES = {
    **{f"{kind}_{rate}_{name}": _mean_shift(case, norm, kind)
       for kind in ("turn", "relative", "absolute", "spreads", "travelled") for rate, case in (("small", SMALL), ("main", MAIN), ("linear", LINEAR))
       for name, norm in (("none", "none"), ("bn", "batch norm"))},
    **{f"loss_{rate}_{name}": lambda results, case=case, norm=norm: mean(end_loss(results, case, norm))
       for rate, case in (("small", SMALL), ("main", MAIN), ("linear", LINEAR)) for name, norm in (("none", "none"), ("bn", "batch norm"))},
    **{f"{kind}_window_{name}": lambda results, kind=kind, norm=norm: mean(shift_in_window(results, norm, kind, FULL.window))
       for kind in ("turn", "relative") for name, norm in (("none", "none"), ("bn", "batch norm"))},
    "window_ratio": _ratio_in_window("turn"),
    "travelled_ratio_main": _ratio(MAIN, "travelled"),
    "turned_none": lambda results: turned_around(results, "none"),
    "turned_bn": lambda results: turned_around(results, "batch norm"),
    "turned_none_small": lambda results: turned_around(results, "none", LINEAR),
}  # fmt: skip
