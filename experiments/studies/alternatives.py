"""Which values share their statistics, and what does that change?

Nine networks that differ in one layer: nothing, batch norm, ghost batches, batch renormalization, layer norm, group norm, instance norm, RMSNorm and
weight normalization, each put together from the engine's layers and followed by the same γ and β.

First, what depends on what: in a small array of samples, channels and pixels, one value is changed at a time and the outputs that change are noted, in
training and in evaluation. Then the same task for all: a small convolutional network learns digits with random batches, with batches of two images, and
with batches that hold two classes only; every variant at each of several learning rates, from the same weights and on the same batches. What counts is the accuracy in
evaluation mode at the variant's best rate. On the trained networks, how far the outputs for one batch differ between training and evaluation mode. Last, dense ReLU
networks of many layers at initialization, where nothing is trained: by how much squared gradients grow from layer to layer.

The limits of batch renormalization are those at which its paper's schedule ends. Weight normalization starts with γ = ‖v‖, as the function that the plain network is. The thresholds of
the claims were chosen after pilots, some of them with the published seed: LOG.md says which.

What came out: what depends on the batch has two functions, one in training and one in evaluation; what does not has one. In batches of two images no variant leads batch norm
clearly, since a channel has pixels too, and two classes a batch cost all variants accuracy, ghosts the most. Deep down, it is the batch that makes gradients explode, not normalization.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.flatten import Flatten
from experiments.engine.ghost import Ghost
from experiments.engine.initialization import he_normal
from experiments.engine.layer import Arrays, Layer
from experiments.engine.network import Network
from experiments.engine.renormalize import Renormalize
from experiments.engine.root_mean_square import RootMeanSquare
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Convention, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.engine.train_reading import train
from experiments.engine.unit_weights import UnitWeights
from experiments.measures.statistics import Measurement, exact, mean, median, paired_difference

NORMS = ("none", "weight normalization", "batch norm", "ghost batches", "batch renormalization",
         "layer norm", "RMSNorm", "group norm", "instance norm")  # fmt: skip
TASKS = ("random batches", "batches of two", "two classes a batch")
CHANNELS = (6, 12)  # of the two convolutional layers; both can be divided into the groups
MODES = ("training", "evaluation", "gradient")
ARRAY = (4, 6, 4)  # samples, channels and pixels of the array in which one value is changed


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    batch: int = 16  # images in a training batch, but for the batches of two
    ghost: int = 4  # of them that make a ghost batch; two in the batches of two
    groups: int = 2  # groups of channels in group norm
    r_max: float = 3.0  # limit of r in batch renormalization
    d_max: float = 5.0  # limit of d
    rates: tuple[float, ...] = (0.1, 0.3)  # learning rates of plain stochastic gradient descent
    running: float = 0.03  # weight of a new batch in the running statistics
    steps: int = 150  # of training
    longer: int = 4  # times as many in the batches of two
    tested: int = 500  # test images
    depth: int = 20  # layers of the dense networks whose gradients are followed
    width: int = 64  # and their units
    readings: int = 6  # of the accuracy, at the end and before, which are averaged
    apart: int = 6  # steps between them
    runs: int = 18  # paired runs, each with weights and batches of its own
    seed: int = 73  # every random stream is spawned from it


QUICK = Setup(
    batch=8,
    ghost=4,
    rates=(0.15,),
    steps=5,
    longer=1,
    readings=2,
    apart=1,
    tested=50,
    depth=4,
    width=8,
    runs=3,
)
FULL = Setup()
PAPER = Setup(
    rates=(0.02, 0.05, 0.15, 0.45, 1.35), steps=2000, tested=1000, depth=40, width=256, runs=32
)


@dataclass(frozen=True)
class Point:
    """One part of the study for one layer; what depends on what is done for all at once."""

    part: str  # "dependence", "depth", or one of TASKS
    norm: str  # one of NORMS; empty for the dependence
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """The dependence, and each part for each layer."""
    found = {"dependence": Point("dependence", "", setup)}
    for norm in NORMS:
        for part in (*TASKS, "depth"):
            if (part, norm) != ("depth", "instance norm"):  # without pixels it would be 0/√ε
                found[f"{part}-{norm}".lower().replace(" ", "-")] = Point(part, norm, setup)
    return found


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    if point.part == "dependence":
        return _dependence(point.setup)
    return _depth(point) if point.part == "depth" else _training(point)


def block(norm: str, layer: Convolution | Dense, setup: Setup, batch: int) -> tuple[Layer, ...]:
    """A layer without bias with its normalization, γ and β behind it."""
    convention = Convention(1e-5, setup.running, True)
    between = {
        "none": (),
        "weight normalization": (),
        "batch norm": (Standardize(convention=convention),),
        "ghost batches": (Ghost(min(setup.ghost, batch), convention),),
        "batch renormalization": (Renormalize(setup.r_max, setup.d_max, convention),),
        "layer norm": (StandardizeFeatures(),),
        "RMSNorm": (RootMeanSquare(),),
        "group norm": (StandardizeGroups(setup.groups),),
        "instance norm": (
            StandardizeGroups(layer.channels if isinstance(layer, Convolution) else 1),
        ),
    }[norm]
    return (UnitWeights(layer) if norm == "weight normalization" else layer, *between, Affine())


def _started(
    network: Network, rngs: list[np.random.Generator], features: int
) -> tuple[list[Arrays], list[Arrays]]:
    """Parameters and state; γ behind unit weights starts at their lengths, so all start from the same linear maps."""
    params, state = network.init(rngs, features, np.float32)
    for i, layer in enumerate(network.layers):
        if isinstance(layer, UnitWeights):
            params[i + 1]["gamma"] = layer.lengths(params[i])
    return params, state


# ----------------------------------------------------------------------------------------------------------------- dependence


def _dependence(setup: Setup) -> xr.Dataset:
    """Which inputs the first output depends on, and which ∂L/∂y the first ∂L/∂x: each is changed in turn, in a run of its own."""
    samples, channels, pixels = ARRAY
    x, dy = np.random.default_rng(setup.seed).standard_normal((2, 1, samples, channels, pixels, 1))

    def changed(a: np.ndarray) -> np.ndarray:
        """The array as it is, and then with one number changed, each in its turn: a run for each."""
        runs = np.repeat(a, a.size + 1, axis=0).reshape(a.size + 1, -1)
        runs[np.arange(1, a.size + 1), np.arange(a.size)] += 0.1
        return runs.reshape(-1, *a.shape[1:])

    found = np.zeros((len(NORMS), len(MODES), x.size), np.int32)
    for i, norm in enumerate(NORMS):
        # what follows the weights, which are no data, with ghosts of half of the few samples
        behind = block(
            norm, Convolution(channels, 1, bias=False), replace(setup, ghost=samples // 2), samples
        )[1:]
        network = Network(behind)
        params, state = network.init([np.random.default_rng(0)] * (x.size + 1), channels)
        trained, _, _ = network.forward(params, state, changed(x), True)
        evaluated, _, _ = network.forward(params, state, changed(x), False)
        _, saved, _ = network.forward(params, state, np.repeat(x, x.size + 1, axis=0), True)
        gradient, _ = network.backward(params, saved, changed(dy))
        for j, a in enumerate((trained, evaluated, gradient)):
            first = a[:, 0, 0, 0, 0]
            found[i, j] = np.abs(first[1:] - first[0]) > 1e-12
    return xr.Dataset(
        {"depends": (("norm", "mode", "sample", "channel", "pixel"), found.reshape(len(NORMS), len(MODES), *ARRAY),
                     {"units": "1", "long_name": "whether the first output, or ∂L/∂x of the first input, depends on this input, or its ∂L/∂y"})},
        coords={"norm": list(NORMS), "mode": list(MODES), "sample": np.arange(samples, dtype=np.int32),
                "channel": np.arange(channels, dtype=np.int32), "pixel": np.arange(pixels, dtype=np.int32)},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------------- training


def _two_classes(
    x: np.ndarray, labels: np.ndarray, batch: int, rngs: list[np.random.Generator]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches without end, each of two random classes and as many random images of either."""
    of = np.stack([np.flatnonzero(labels == digit) for digit in range(10)])
    while True:
        chosen = np.stack([
            np.concatenate([rng.choice(of[digit], batch // 2) for digit in rng.choice(10, 2, replace=False)])
            for rng in rngs
        ])  # fmt: skip
        yield x[chosen], labels[chosen]


def _training(point: Point) -> xr.Dataset:
    """Train at every learning rate: one replica a rate and run."""
    setup, digits = point.setup, mnist.load()
    batch, steps = (
        (2, setup.steps * setup.longer)
        if point.part == "batches of two"
        else (setup.batch, setup.steps)
    )
    x, test_x = (
        a.reshape(-1, 1, 7, 4, 7, 4).mean(axis=(3, 5)) for a in (digits.train_x, digits.test_x)
    )
    every = len(test_x) // setup.tested
    test_x, test_labels = test_x[::every], digits.test_labels[::every]
    layers: list[Layer] = []
    for channels in CHANNELS:
        layers += [
            *block(point.norm, Convolution(channels, stride=2, bias=False), setup, batch),
            ReLU(),
        ]
    network = Network((*layers, Flatten(4), Dense(10)))
    seeds = [s.spawn(2) for s in np.random.SeedSequence(setup.seed).spawn(setup.runs)]
    weights, order = (
        [np.random.default_rng(s[k]) for _ in setup.rates for s in seeds] for k in (0, 1)
    )
    params, state = _started(network, weights, 1)
    stream = (_two_classes if point.part == TASKS[2] else batches)(
        x, digits.train_labels, batch, order
    )

    def accuracy(moment) -> np.ndarray:
        logits, _, _ = network.forward(moment.params, moment.state, test_x[None], False)
        return (logits.argmax(axis=2) == test_labels).mean(axis=1)

    def gap(moment) -> np.ndarray:
        """Relative root mean square difference between the outputs for the next batch in the two modes."""
        evaluated, _, _ = network.forward(moment.params, moment.state, moment.x, False)
        difference, size = (
            np.square(a).mean(axis=(1, 2)) for a in (evaluated - moment.logits, moment.logits)
        )
        return np.sqrt(difference / size)

    at = range(steps - setup.apart * (setup.readings - 1), steps + 1, setup.apart)
    readings = [read for _, read in train(network, params, state, stream, SGD(np.repeat(setup.rates, setup.runs)), at,
                        {"accuracy": accuracy, "gap": gap})]  # fmt: skip
    shape, dims = (1, 1, len(setup.rates), setup.runs), ("task", "norm", "rate", "run")
    accuracies = np.mean([read["accuracy"] for read in readings], axis=0)
    gaps = np.where(np.isfinite(readings[-1]["gap"]), readings[-1]["gap"], np.inf)
    return xr.Dataset(
        {"accuracy": (dims, accuracies.reshape(shape), {"units": "1", "long_name": "test accuracy in evaluation mode"}),
         "gap": (dims, gaps.reshape(shape), {"units": "1", "long_name": "relative difference of outputs between training and evaluation mode"})},
        coords={"task": [point.part], "norm": [point.norm], "rate": list(setup.rates), "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------- depth


def _depth(point: Point) -> xr.Dataset:
    """The factor by which squared gradients grow from a layer to the one below, on average over the depth."""
    setup = point.setup
    layers: list[Layer] = []
    for _ in range(setup.depth):
        layers += [
            *block(
                point.norm, Dense(setup.width, bias=False, weights=he_normal), setup, setup.batch
            ),
            ReLU(),
        ]
    network = Network(tuple(layers))
    seeds = [s.spawn(3)[2] for s in np.random.SeedSequence(setup.seed).spawn(setup.runs)]
    params, state = _started(
        network, [np.random.default_rng((37, *s.generate_state(2))) for s in seeds], setup.width
    )
    data = [np.random.default_rng(s).standard_normal((2, setup.batch, setup.width)) for s in seeds]
    x, dy = np.stack(data, axis=1).astype(np.float32)
    if (
        point.norm == "batch renormalization"
    ):  # running statistics that are up to date, layer by layer: r = 1 and d = 0
        value = x
        for i, layer in enumerate(network.layers):
            if isinstance(layer, Renormalize):
                axis_mean = value.mean(axis=1)
                state[i] = {"running_mean": axis_mean, "running_var": value.var(axis=1)}
            value, _, _ = layer.forward(params[i], state[i], value, True)
    _, saved, _ = network.forward(params, state, x, True)
    sizes, per_block = [], len(layers) // setup.depth
    for i in range(len(layers) - 1, -1, -1):
        dy, _ = network.layers[i].backward(params[i], saved[i], dy)
        if i % per_block == 0:
            sizes.append(np.square(dy, dtype=float).sum(axis=(1, 2)))
    growth = (sizes[-1] / sizes[0]) ** (1 / (setup.depth - 1))
    return xr.Dataset(
        {"growth": (("norm", "run"), growth[None], {"units": "1", "long_name": "factor of squared gradients from layer to layer at initialization"})},
        coords={"norm": [point.norm], "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------------- claims

CLEAR = 0.045  # four and a half percentage points: a difference between normalizations that is called clear
HELP = 0.02  # two: a gain on no normalization that counts
GROWTH = 1.2  # a factor a layer that is called an explosion: in twenty layers, some forty times
SAME = 1e-5  # float32 outputs that differ by this are the same


def best(results: xr.Dataset, quantity: str, task: str, norm: str) -> np.ndarray:
    """A quantity of each run at the learning rate at which the variant's mean accuracy is highest."""
    at = results.sel(task=task, norm=norm).transpose("rate", "run", ...)
    return at[quantity].values[at["accuracy"].mean("run").values.argmax()]


def _difference(task: str, first: str, second: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: paired_difference(
        *(best(results, "accuracy", task, norm) for norm in (first, second))
    )


def _accuracy(task: str, norm: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(best(results, "accuracy", task, norm))


def _gap(task: str, norm: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: median(best(results, "gap", task, norm))


def _growth(norm: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(results["growth"].sel(norm=norm).values)


def _depends(mode: str, norm: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: exact(float(results["depends"].sel(mode=mode, norm=norm).sum()))


CLEARLY = "more than four and a half percentage points more accurate"
RANDOM, TWO, CLASSES = TASKS
WITHOUT_BATCH = ("weight normalization", "layer norm", "RMSNorm", "group norm", "instance norm")

CLAIMS = (
    Claim(
        id="bn-is-regular-everywhere",
        says="Batch norm is a regular part of networks for vision, and of GANs, Transformers, diffusion models and recurrent networks too.",
        source="overview",
        cases=(),
        verdict="untested",
        figure="alternatives-axes",
        because="What people use cannot be measured here; in the last three, published models mostly have layer norm, RMSNorm or group norm.",
    ),
    Claim(
        id="no-batch-no-gap",
        says="A normalization that takes no statistics over the batch computes the same in training and in evaluation.",
        source="wu2018",
        cases=tuple(Case(norm, _gap(RANDOM, norm), lambda m: m.below(SAME), "outputs that differ by less than 1e-5 of their size")
                    for norm in WITHOUT_BATCH),
        verdict="supported",
        figure="alternatives-axes",
        because="Their statistics are those of a sample, or of the weights, and there is nothing to average for later.",
    ),
    Claim(
        id="renormalization-closes-the-gap",
        says="Batch renormalization computes in training what it computes in evaluation.",
        source="ioffe2017",
        cases=(
            *(Case(f"outputs, {task}", _gap(task, "batch renormalization"), lambda m: m.below(0.1), "outputs that differ by less than a tenth of their size, in the median run")
              for task in TASKS),
            Case("gradients: how many samples' ∂L/∂y a ∂L/∂x depends on", lambda results: exact(
                float(results["depends"].sel(mode="gradient", norm="batch renormalization").any(["channel", "pixel"]).sum())),
                lambda m: m.within(1), "on its own sample's, as with constant statistics"),
        ),
        verdict="depends",
        figure="alternatives-axes",
        because="The outputs agree where r and d are not cut off; the gradients still pass through the statistics of the batch.",
    ),
    Claim(
        id="renormalization-cures-small-and-biased",
        says="Where batches are small or biased, batch renormalization is clearly more accurate than batch norm.",
        source="ioffe2017",
        cases=tuple(Case(task, _difference(task, "batch renormalization", "batch norm"), lambda m: m.above(CLEAR), CLEARLY)
                    for task in (TWO, CLASSES)),
        verdict="refuted",
        figure="alternatives-training",
        because="In this small convolutional network batch norm loses little in either, so there is little to gain.",
    ),
    Claim(
        id="sample-norms-win-in-small-batches",
        says="With two images a batch, or with biased batches, layer norm and group norm are clearly more accurate than batch norm.",
        source="wu2018",
        cases=tuple(Case(f"{task}: {norm}", _difference(task, norm, "batch norm"), lambda m: m.above(CLEAR), CLEARLY)
                    for task in (TWO, CLASSES) for norm in ("layer norm", "group norm")),
        verdict="refuted",
        figure="alternatives-training",
        because="Not in a small convolutional network: the pixels of two images are a batch of their own, and two classes are enough.",
    ),
    Claim(
        id="ghosts-are-as-good",
        says="Statistics over small parts of the batch, ghost batches, are as good as statistics over all of it.",
        source="hoffer2017",
        cases=tuple(Case(task, _difference(task, "batch norm", "ghost batches"), lambda m: m.below(CLEAR),
                         "batch norm at most four and a half percentage points more accurate") for task in (RANDOM, CLASSES)),
        verdict="depends",
        figure="alternatives-training",
        because="It matters who is put together: a ghost of random images does as well, a ghost of one class does not.",
    ),
    Claim(
        id="batch-norm-is-the-best",
        says="With ordinary batches, batch norm is clearly more accurate than its alternatives.",
        source="reader",
        cases=tuple(Case(norm, _difference(RANDOM, "batch norm", norm), lambda m: m.above(CLEAR), f"batch norm {CLEARLY}")
                    for norm in ("layer norm", "RMSNorm", "group norm", "batch renormalization")),
        verdict="refuted",
        figure="alternatives-training",
        because="At their best rates, those that normalize activations end within a few percentage points of each other.",
    ),
    Claim(
        id="any-normalization-helps",
        says="Any normalization trains better than none.",
        source="reader",
        cases=tuple(Case(norm, _difference(RANDOM, norm, "none"), lambda m: m.above(HELP), "more than two percentage points more accurate")
                    for norm in ("batch norm", "layer norm", "group norm", "weight normalization")),
        verdict="depends",
        figure="alternatives-training",
        because="Those of activations do, weight normalization does not: it starts as the function that the plain network is.",
    ),
    Claim(
        id="normalization-explodes",
        says="Normalization makes gradients explode in deep networks at initialization.",
        source="reader",
        cases=tuple(Case(norm, _growth(norm), lambda m: m.above(GROWTH), "squared gradients grow by more than a factor of 1.2 a layer")
                    for norm in ("batch norm", "ghost batches", "layer norm", "RMSNorm", "group norm", "weight normalization")),
        verdict="depends",
        figure="alternatives-depth",
        because="Normalization over the batch does, the more the smaller the batch; over features or weights it does not.",
    ),
)  # fmt: skip

SHORT = dict(
    zip(
        NORMS,
        ("none", "weight", "batch", "ghost", "renorm", "layer", "rms", "group", "instance"),
        strict=True,
    )
)
VALUES = {
    **{f"{SHORT[norm]}_{name}": _accuracy(task, norm) for norm in NORMS for task, name in zip(TASKS, ("random", "two", "classes"), strict=True)},
    **{f"{SHORT[norm]}_gap": _gap(RANDOM, norm) for norm in NORMS},
    **{f"{SHORT[norm]}_{mode}": _depends(mode, norm) for norm, mode in (("batch norm", "training"), ("batch norm", "evaluation"), ("layer norm", "training"), ("batch renormalization", "training"), ("batch renormalization", "gradient"))},
    **{f"{SHORT[norm]}_growth": _growth(norm) for norm in NORMS if norm != "instance norm"},
    "values": lambda results: exact(float(np.prod([results.sizes[name] for name in ("sample", "channel", "pixel")]))),
    "ghost_loss": _difference(CLASSES, "batch norm", "ghost batches"),
    "group_gain": _difference(TWO, "group norm", "batch norm"),
    "batch_gain": _difference(RANDOM, "batch norm", "none"),
    "layer_gain": _difference(RANDOM, "layer norm", "none"),
}  # fmt: skip
