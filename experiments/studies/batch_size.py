"""What do small batches do to batch norm?

Networks with batch norm, layer norm, group norm or none learn small images of digits with batches of 2 to 256, all for the same number of epochs, so that small batches get more
steps; the learning rate is proportional to the batch size. Each is then judged on the test images in evaluation mode with its running statistics, with the statistics of
all training images in their place, and in training mode with batches of the size it was trained with. Next, batches of one fixed size are cut into parts whose gradients are
accumulated, so that every step averages over the same images and only batch norm's statistics come from fewer. Last, in double precision: is an accumulated gradient the gradient of the whole batch?

Run i has the same initial weights under every condition and batch size, and the same batches under every condition. The thresholds were chosen after a pilot with another seed.

What came out: batch norm does not need a large batch, it needs one that is not tiny. At two images it fails, in training mode most of all, and exact statistics in the place of the running
ones bring little of it back: what was learned is at fault. Layers without batch statistics do not care. Accumulating gradients makes a large batch for them and not for batch norm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.accumulation import accumulated, train_in_parts
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.layer import Layer
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.measures.modes import (
    predictions,
    predictions_in_batches,
    with_population_statistics,
)
from experiments.measures.statistics import Measurement, mean, paired_difference, spread

GROUPS = 4  # of group norm
NORMS: dict[str, tuple[Layer, ...]] = {
    "none": (),
    "batch norm": (Standardize(), Affine()),
    "layer norm": (StandardizeFeatures(), Affine()),
    "group norm": (StandardizeGroups(GROUPS), Affine()),
}
MODES = ("running", "population", "train")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    hidden: tuple[int, int] = (32, 32)  # units in the hidden layers
    sizes: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128, 256)  # images in a batch
    rate_per_image: float = 0.1 / 32  # learning rate divided by the batch size
    images: int = 4000  # of the training set, as many of each digit
    epochs: int = 3  # passes through the training images, with every batch size
    whole: int = 32  # images in a batch that is cut into parts
    parts: tuple[int, ...] = (2, 4, 8, 16)  # into which it is cut; layer norm's only into the most
    gradient_samples: int = 32  # images of the batch whose gradient is compared
    gradient_parts: tuple[int, ...] = (2, 4, 8, 16)  # into which that one is cut
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 30  # every random stream is spawned from it


QUICK = Setup(
    images=256,
    hidden=(8, 8),
    sizes=(2, 4, 8, 16, 32, 256),
    epochs=1,
    parts=(8, 16),
    gradient_parts=(8, 16),
    runs=2,
    rate_per_image=0.01,
)
FULL = Setup()
PAPER = Setup(hidden=(100, 100), epochs=30, runs=64)


@dataclass(frozen=True)
class Point:
    """One way to normalize and one batch size, or one size of the parts of a batch, or the comparison of gradients."""

    part: str  # "size", "parts" or "gradient"
    norm: str  # of NORMS; empty for the comparison of gradients
    size: int  # images that share their statistics
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Up to two seconds each: the smallest batch takes the most steps."""
    found = {"gradient": Point("gradient", "", 0, setup)}
    for norm in NORMS:
        name = norm.replace(" ", "-")
        for size in setup.sizes:
            found[f"{name}-{size}"] = Point("size", norm, size, setup)
        cut = {"batch norm": setup.parts, "layer norm": (max(setup.parts),)}.get(norm, ())
        for parts in cut:
            found[f"{name}-parts-{parts}"] = Point("parts", norm, setup.whole // parts, setup)
    return found


def run(point: Point) -> xr.Dataset:
    """Train, or compare gradients."""
    return {"size": _sizes, "parts": _parts, "gradient": _gradients}[point.part](point)


def network(norm: str, hidden: tuple[int, ...]) -> Network:
    """Dense, normalization, ReLU for every hidden layer, then ten outputs. A normalization stands in for the bias."""
    blocks: list[Layer] = []
    for width in hidden:
        blocks += [Dense(width, bias=norm == "none"), *NORMS[norm], ReLU()]
    return Network((*blocks, Dense(10)))


def _trained(
    point: Point, batch: int, parts: int
) -> tuple[Network, list, list, np.ndarray, np.ndarray]:
    """Train from weights that all points share; also the training and the test images."""
    setup, digits = point.setup, mnist.load_shrunk(7)
    chosen = (
        np.arange(setup.images) * len(digits.train_x) // setup.images
    )  # the set is sorted by digit
    x, labels = digits.train_x[chosen], digits.train_labels[chosen]
    seeds = [s.spawn(2) for s in np.random.SeedSequence((setup.seed, 0)).spawn(setup.runs)]
    net = network(point.norm, setup.hidden)
    params, state = net.init([np.random.default_rng(s[0]) for s in seeds], x.shape[1], np.float32)
    stream = batches(x, labels, batch, [np.random.default_rng(s[1]) for s in seeds])
    steps = setup.epochs * (len(x) // batch)
    ((_, params, state),) = train_in_parts(
        net, params, state, stream, SGD(setup.rate_per_image * batch), [steps], parts
    )
    return net, params, state, x, digits.test_x


def _judged(point: Point, batch: int, parts: int) -> np.ndarray:
    """Test accuracy in every mode, (mode, run), with the batch size of the statistics in training mode."""
    net, params, state, x, test_x = _trained(point, batch, parts)
    labels = mnist.load().test_labels
    if point.norm != "batch norm":  # no other layer here has modes
        found = (labels == predictions(net, params, state, test_x[None])).mean(axis=1)
        return np.stack([found] * len(MODES))
    order = np.random.default_rng(np.random.SeedSequence((point.setup.seed, 1))).permutation(
        len(labels)
    )
    exact = with_population_statistics(net, params, state, x[None])
    found = [
        predictions(net, params, state, test_x[None]),
        predictions(net, params, exact, test_x[None]),
        predictions_in_batches(net, params, state, test_x, order, batch // parts),
    ]
    return np.stack([(labels == p).mean(axis=1) for p in found])


def _sizes(point: Point) -> xr.Dataset:
    setup, size = point.setup, point.size
    return xr.Dataset(
        {"accuracy": (("norm", "size", "mode", "run"), _judged(point, size, 1)[None, None],
                      {"units": "1", "long_name": "test accuracy after training with batches of this size"})},
        coords=_coords(setup) | {"norm": [point.norm], "size": [size]},
    )  # fmt: skip


def _parts(point: Point) -> xr.Dataset:
    setup, size = point.setup, point.size
    return xr.Dataset(
        {"parted": (("norm", "part", "mode", "run"), _judged(point, setup.whole, setup.whole // size)[None, None],
                    {"units": "1", "long_name": "test accuracy after training with accumulated parts of this size"})},
        coords=_coords(setup) | {"norm": [point.norm], "part": [size]},
    )  # fmt: skip


def _coords(setup: Setup) -> dict[str, object]:
    return {"mode": list(MODES), "run": np.arange(setup.runs, dtype=np.int32)}


def _gradients(point: Point) -> xr.Dataset:
    """The accumulated gradient against that of the whole batch at the initial weights, in double precision."""
    setup, digits = point.setup, mnist.load_shrunk(7)
    x = digits.train_x.astype(np.float64)
    found = np.empty((len(NORMS), len(setup.gradient_parts), setup.runs))
    for k, norm in enumerate(NORMS):
        seeds = [s.spawn(2) for s in np.random.SeedSequence((setup.seed, 2)).spawn(setup.runs)]
        net = network(norm, setup.hidden)
        params, state = net.init(
            [np.random.default_rng(s[0]) for s in seeds], x.shape[1], np.float64
        )
        stream = batches(
            x,
            digits.train_labels,
            setup.gradient_samples,
            [np.random.default_rng(s[1]) for s in seeds],
        )
        images, labels = next(stream)
        whole, _ = accumulated(net, params, state, images, labels, 1)
        for j, parts in enumerate(setup.gradient_parts):
            summed, _ = accumulated(net, params, state, images, labels, parts)
            difference, length = np.zeros((2, setup.runs))
            for (_, a), (_, b) in zip(leaves(summed), leaves(whole), strict=True):
                axes = tuple(range(1, a.ndim))
                difference += np.square(a - b).sum(axis=axes)
                length += np.square(b).sum(axis=axes)
            found[k, j] = np.sqrt(difference / length)
    return xr.Dataset(
        {"gradient_difference": (("norm", "gradient_part", "run"), found,
                                 {"units": "1", "long_name": "length of the difference between the accumulated gradient and that of the whole batch, relative"})},
        coords={"norm": list(NORMS), "gradient_part": [setup.gradient_samples // p for p in setup.gradient_parts],
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------------- claims

WHOLE = 32  # the batch size that others are compared with: FULL.whole
DROP = 0.03  # three points of accuracy, ten standard errors of a paired difference in the pilot
EDGE = 0.01  # one point, where two ways to normalize are compared
ROUND_OFF = (
    1e-12  # sums of at most 32 · 49 products in double precision, through three layers and back
)


def _at(results: xr.Dataset, norm: str, size: int, mode: str = "running") -> np.ndarray:
    return results["accuracy"].sel(norm=norm, size=size, mode=mode).values


def _accuracy(norm: str, size: int, mode: str = "running") -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(_at(results, norm, size, mode))


def _drop(norm: str, size: int) -> Callable[[xr.Dataset], Measurement]:
    """Accuracy with batches of 32 minus that with smaller ones, evaluation mode."""
    return lambda results: paired_difference(_at(results, norm, WHOLE), _at(results, norm, size))


def _edge(size: int) -> Callable[[xr.Dataset], Measurement]:
    """Accuracy with batch norm minus that with layer norm, evaluation mode."""
    return lambda results: paired_difference(
        _at(results, "batch norm", size), _at(results, "layer norm", size)
    )


def _modes(size: int, mode: str = "train") -> Callable[[xr.Dataset], Measurement]:
    """Accuracy of batch norm in a mode minus that with running statistics."""
    return lambda results: paired_difference(
        _at(results, "batch norm", size, mode), _at(results, "batch norm", size)
    )


def _repaired(size: int) -> Callable[[xr.Dataset], Measurement]:
    """Share of the loss against batches of 32 that exact statistics bring back: (exact − running) / (running at 32 − running)."""

    def measure(results: xr.Dataset) -> Measurement:
        running = _at(results, "batch norm", size)
        gained = _at(results, "batch norm", size, "population") - running
        lost = _at(results, "batch norm", WHOLE).mean() - running.mean()
        return mean(gained / lost)

    return measure


def _parted(norm: str, size: int) -> Callable[[xr.Dataset], Measurement]:
    """Accuracy with whole batches of 32 minus that with the same batches cut into parts."""
    return lambda results: paired_difference(
        _at(results, norm, WHOLE),
        results["parted"].sel(norm=norm, part=size, mode="running").values,
    )


def _parted_accuracy(norm: str, size: int) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(results["parted"].sel(norm=norm, part=size, mode="running").values)


def _gradient(norm: str, part: int) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: spread(
        results["gradient_difference"].sel(norm=norm, gradient_part=part).values
    )


CLAIMS = (
    Claim(
        id="batch-norm-needs-large-batches",
        says="Batch norm needs large batches: with small ones it loses accuracy.",
        source="wu2018",
        cases=tuple(
            Case(f"batches of {size} against batches of 32, evaluation mode", _drop("batch norm", size), lambda m: m.above(DROP), "at least 3 points lower")
            for size in (2, 4, 8, 16)
        ),
        verdict="depends",
        figure="batch-size-accuracy",
        because="It loses at two and at four images, and little or nothing at eight and at sixteen.",
    ),
    Claim(
        id="other-norms-ignore-batch-size",
        says="Layer norm and group norm do not mind small batches.",
        source="wu2018",
        cases=tuple(
            Case(f"{norm}: batches of {size} against batches of 32", _drop(norm, size), lambda m: m.below(DROP), "less than 3 points lower")
            for norm in ("layer norm", "group norm") for size in (2, 4)
        ),
        verdict="supported",
        figure="batch-size-accuracy",
        because="Their statistics come from one image at a time, so a batch only averages gradients.",
    ),
    Claim(
        id="batch-norm-beats-layer-norm",
        says="Batch norm classifies images better than layer norm.",
        source="reader",
        cases=tuple(
            Case(f"batches of {size}, evaluation mode", _edge(size), lambda m: m.above(EDGE), "at least 1 point higher") for size in (2, 32, 256)
        ),
        verdict="depends",
        figure="batch-size-accuracy",
        because="It does with batches that are large enough, most of all where there are few and large steps, and does much worse at two images.",
    ),
    Claim(
        id="running-statistics-fail-small-batches",
        says="With small batches it is the running statistics that are to blame; exact ones would repair evaluation mode.",
        source="reader",
        cases=tuple(
            Case(f"batches of {size}", _repaired(size), lambda m: m.above(0.5), "more than half of what is lost against batches of 32 comes back") for size in (2, 4)
        ),
        verdict="refuted",
        figure="batch-size-accuracy",
        because="With the statistics of all training images the network is hardly better: it has learned to work with something else.",
    ),
    Claim(
        id="train-mode-suits-trained-batch-size",
        says="A network should be judged as it was trained: in training mode, with batches of the same size, it does better.",
        source="reader",
        cases=tuple(
            Case(f"batches of {size}, training against evaluation mode", _modes(size), lambda m: m.above(0), "a higher accuracy in training mode") for size in (2, 8, 32, 256)
        ),
        verdict="depends",
        figure="batch-size-accuracy",
        because="The noise of a small batch costs more than the difference between the modes; with large batches here, few steps leave the running statistics behind.",
    ),
    Claim(
        id="accumulation-replaces-large-batches",
        says="If memory forces small batches on batch norm, accumulating gradients makes up for it.",
        source="reader",
        cases=tuple(
            Case(f"batches of 32 in parts of {size}, against whole ones", _parted("batch norm", size), lambda m: m.below(DROP), "less than 3 points lower")
            for size in (2, 4)
        ),
        verdict="refuted",
        figure="batch-size-accumulation",
        because="The gradient is averaged over all parts, and the statistics are still those of one part.",
    ),
    Claim(
        id="accumulated-gradient-is-whole",
        says="The accumulated gradient of the parts of a batch is the gradient of the whole batch.",
        source="reader",
        cases=(
            *(Case(f"{norm}, parts of 2", _gradient(norm, 2), lambda m: m.below(ROUND_OFF), "the same up to round-off (1e-12)")
              for norm in ("batch norm", "layer norm", "group norm", "none")),
            Case("batch norm, parts of 4", _gradient("batch norm", 4), lambda m: m.below(ROUND_OFF), "the same up to round-off (1e-12)"),
        ),
        verdict="depends",
        figure="batch-size-accumulation",
        because="It is wherever images do not see each other, and with batch norm it is the gradient of another function.",
    ),
)  # fmt: skip

VALUES = {
    **{f"bn_{size}": _accuracy("batch norm", size) for size in (2, 4, 8, 16, 32, 256)},
    **{f"bn_{size}_train": _accuracy("batch norm", size, "train") for size in (2, 8, 32, 256)},
    **{f"bn_{size}_population": _accuracy("batch norm", size, "population") for size in (2, 32, 256)},
    **{f"ln_{size}": _accuracy("layer norm", size) for size in (2, 32, 256)},
    **{f"gn_{size}": _accuracy("group norm", size) for size in (2, 32)},
    "none_32": _accuracy("none", 32),
    "repaired_2": _repaired(2),
    "repaired_4": _repaired(4),
    "parted_2": _parted_accuracy("batch norm", 2),
    "parted_4": _parted_accuracy("batch norm", 4),
    "parted_layer_norm": _parted("layer norm", 2),
    "gradient_2": _gradient("batch norm", 2),
    "gradient_4": _gradient("batch norm", 4),
}  # fmt: skip
