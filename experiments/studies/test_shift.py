"""What happens when the test images are darker, paler or noisier than those of training?

Networks with batch norm, layer norm or none learn small images of digits. Then the test images are changed: less contrast, more brightness, noise, or a contrast of its own for every image; and classified with
the running statistics of training, and with batch norm's statistics taken anew from the changed test images, all of them or batches of several sizes, without any labels. In double precision and at ε = 0: how much do the outputs change with contrast and brightness
if the statistics are taken anew?

Run i has the same initial weights and batches under every condition, and the same noise is added. The thresholds were chosen after a pilot with another seed.

What came out: running statistics are right for the images of training and wrong for others. Statistics taken anew from enough test images cancel a common change of contrast or brightness, exactly, whatever the weights, and most of a contrast that differs from image to image. Against noise they
do next to nothing. Layer norm cancels contrast image by image, and brightness not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.accumulation import train_in_parts
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.layer import Arrays, Layer
from experiments.engine.network import Network
from experiments.engine.parameters import mapped
from experiments.engine.sgd import SGD
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.measures.modes import (
    predictions,
    predictions_in_batches,
    with_population_statistics,
)
from experiments.measures.statistics import Measurement, mean, paired_difference, spread

NORMS = ("none", "batch norm", "layer norm")
SHIFTS = ("contrast", "brightness", "noise", "own contrast")
CONDITIONS = ("none", "layer norm", "batch norm, running", "batch norm, anew")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    hidden: tuple[int, int] = (32, 32)  # units in the hidden layers
    batch: int = 32  # images in a training batch
    rate: float = 0.1  # learning rate of stochastic gradient descent, without momentum
    steps: int = 1000  # of training
    contrast: tuple[float, ...] = (
        1.0,
        0.7,
        0.5,
        0.35,
        0.25,
        0.15,
    )  # c of x → c x; of own contrast, the lowest
    brightness: tuple[float, ...] = (
        0.0,
        0.1,
        0.2,
        0.3,
        0.4,
        0.5,
    )  # b of x → x + b; ink is 1 and paper 0
    noise: tuple[float, ...] = (
        0.0,
        0.05,
        0.1,
        0.15,
        0.2,
        0.3,
    )  # standard deviation of what is added to a pixel
    at: int = 4  # the level, by its place in these lists, of claims and of the sweep of batch sizes
    sizes: tuple[int, ...] = (
        2,
        4,
        8,
        16,
        32,
        64,
        128,
        256,
    )  # test images that share their statistics
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 33  # every random stream is spawned from it


QUICK = Setup(hidden=(8, 8), steps=40, sizes=(2, 8, 32), runs=2)
FULL = Setup()
PAPER = Setup(hidden=(100, 100), steps=20_000, runs=64)


@dataclass(frozen=True)
class Point:
    """One way to normalize."""

    norm: str  # of NORMS
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """A few seconds each."""
    return {norm.replace(" ", "-"): Point(norm, setup) for norm in NORMS}


def network(norm: str, hidden: tuple[int, ...], eps: float = PYTORCH.eps) -> Network:
    """Dense, normalization, ReLU for every hidden layer, then ten outputs. A normalization stands in for the bias."""
    between: tuple[Layer, ...] = {
        "none": (),
        "batch norm": (Standardize(replace(PYTORCH, eps=eps)), Affine()),
        "layer norm": (StandardizeFeatures(eps), Affine()),
    }[norm]
    blocks: list[Layer] = []
    for width in hidden:
        blocks += [Dense(width, bias=norm == "none"), *between, ReLU()]
    return Network((*blocks, Dense(10)))


def levels(setup: Setup, shift: str) -> tuple[float, ...]:
    """The sizes of a shift, from none at all."""
    return getattr(setup, "contrast" if shift == "own contrast" else shift)


def shifted(x: np.ndarray, shift: str, level: float, rng: np.random.Generator) -> np.ndarray:
    """Images (image, feature) after a shift: c x, x + b, x + s z with normal z, or c_i x with c_i uniform from the level to 1."""
    if shift == "contrast":
        return level * x
    if shift == "brightness":
        return x + level
    if shift == "noise":
        return x + level * rng.standard_normal(x.shape)
    return rng.uniform(level, 1, (len(x), 1)) * x


def run(point: Point) -> xr.Dataset:
    """Train, shift the test images, and classify them in every way."""
    setup, digits = point.setup, mnist.load_shrunk(7)
    test_x, labels = digits.test_x, digits.test_labels
    seeds = [s.spawn(2) for s in np.random.SeedSequence((setup.seed, 0)).spawn(setup.runs)]
    net = network(point.norm, setup.hidden)
    params, state = net.init([np.random.default_rng(s[0]) for s in seeds], 49, np.float32)
    stream = batches(
        digits.train_x,
        digits.train_labels,
        setup.batch,
        [np.random.default_rng(s[1]) for s in seeds],
    )
    ((_, params, state),) = train_in_parts(
        net, params, state, stream, SGD(setup.rate), [setup.steps]
    )

    ways = [c for c in CONDITIONS if c.startswith(point.norm)]
    accuracy = np.empty((len(ways), len(SHIFTS), len(setup.contrast), setup.runs))
    by_size = np.empty((len(SHIFTS), len(setup.sizes), setup.runs))
    for j, shift in enumerate(SHIFTS):
        rng = np.random.default_rng(np.random.SeedSequence((setup.seed, 1, j)))
        order = rng.permutation(len(labels))
        for k, level in enumerate(levels(setup, shift)):
            changed = shifted(
                test_x, shift, level, np.random.default_rng((setup.seed, 2, j))
            ).astype(np.float32)
            for i, way in enumerate(ways):
                used = with_population_statistics(net, params, state, changed[None]) if way.endswith("anew") else state  # fmt: skip
                accuracy[i, j, k] = (predictions(net, params, used, changed[None]) == labels).mean(
                    axis=1
                )
            if k == setup.at and point.norm == "batch norm":
                for i, size in enumerate(setup.sizes):
                    found = predictions_in_batches(net, params, state, changed, order, size)
                    by_size[j, i] = (found == labels).mean(axis=1)
    one = {"units": "1"}
    variables = {"accuracy": (("way", "shift", "place", "run"), accuracy, one | {"long_name": "test accuracy on changed images"})}  # fmt: skip
    coords = {"way": ways, "shift": list(SHIFTS), "place": np.arange(len(setup.contrast), dtype=np.int32),
              "run": np.arange(setup.runs, dtype=np.int32)}  # fmt: skip
    if point.norm != "none":
        variables["change"] = (("norm", "common", "run"), _changes(point, params, test_x)[None],
                               one | {"long_name": "root mean square change of the outputs, in their standard deviation"})  # fmt: skip
        coords |= {"norm": [point.norm], "common": list(SHIFTS[:2])}
    if point.norm == "batch norm":
        variables["by_size"] = (("shift", "size", "run"), by_size, one | {"long_name": "test accuracy on changed images, statistics from batches of this size"})  # fmt: skip
        variables["level"] = (("shift", "place"), [levels(setup, shift) for shift in SHIFTS], one | {"long_name": "size of the shift"})  # fmt: skip
        variables["at"] = (
            (),
            np.int32(setup.at),
            one | {"long_name": "place of the level that batch sizes were tried at"},
        )
        coords["size"] = list(setup.sizes)
    return xr.Dataset(variables, coords=coords)


def _changes(point: Point, params: list[Arrays], x: np.ndarray) -> np.ndarray:
    """How far a common shift moves the outputs if statistics are taken anew, at ε = 0 and in double precision: (shift, run)."""
    setup = point.setup
    net = network(point.norm, setup.hidden, eps=0.0)
    params, x = mapped(lambda a: a.astype(np.float64), params), x.astype(np.float64)
    _, state = net.init([np.random.default_rng(0)] * setup.runs, x.shape[1], np.float64)
    before, _, _ = net.forward(params, state, x[None], True)
    found = np.empty((2, setup.runs))
    for k, shift in enumerate(SHIFTS[:2]):
        changed = shifted(x, shift, levels(setup, shift)[setup.at], np.random.default_rng(0))
        after, _, _ = net.forward(params, state, changed[None], True)
        found[k] = np.sqrt(np.square(after - before).mean(axis=(1, 2)) / before.var(axis=(1, 2)))
    return found


# --------------------------------------------------------------------------------------------------------------------- claims

CLOSE = 0.03  # three points of accuracy
FEW = 0.05  # five points, where statistics come from a few images
ROUND_OFF = 1e-10  # sums of 49 or 1,000 products in double precision, through three layers, divided by standard deviations of order one
RUNNING, ANEW, LN = CONDITIONS[2], CONDITIONS[3], CONDITIONS[1]
AT = Setup.at


def _at(results: xr.Dataset, way: str, shift: str, place: int) -> np.ndarray:
    return results["accuracy"].sel(way=way, shift=shift, place=place).values


def _accuracy(way: str, shift: str, place: int = AT) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(_at(results, way, shift, place))


def _lost(way: str, shift: str) -> Callable[[xr.Dataset], Measurement]:
    """Accuracy of running statistics (or of a layer without them) on unchanged images minus that of `way` on changed ones."""

    def measure(results: xr.Dataset) -> Measurement:
        return paired_difference(
            _at(results, way.replace(ANEW, RUNNING), shift, 0), _at(results, way, shift, AT)
        )

    return measure


def _few(shift: str, size: int) -> Callable[[xr.Dataset], Measurement]:
    """Accuracy with the statistics of all changed images minus that with those of batches of them."""
    return lambda results: paired_difference(
        _at(results, ANEW, shift, AT), results["by_size"].sel(shift=shift, size=size).values
    )


def _by_size(shift: str, size: int) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(results["by_size"].sel(shift=shift, size=size).values)


def _change(norm: str, common: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: spread(results["change"].sel(norm=norm, common=common).values)


WORDS = {
    "contrast": "a quarter of the contrast",
    "brightness": "brighter by 0.4",
    "noise": "noise of 0.2",
    "own contrast": "a contrast of its own for every image",
}

CLAIMS = (
    Claim(
        id="batch-norm-ignores-contrast",
        says="A network with batch norm standardizes its inputs, so contrast and brightness of the test images do not matter.",
        source="reader",
        cases=tuple(Case(f"{WORDS[shift]}, running statistics", _lost(RUNNING, shift), lambda m: m.below(CLOSE), "less than 3 points lower") for shift in SHIFTS[:2]),
        verdict="refuted",
        figure="test-shift-accuracy",
        because="In evaluation mode the statistics are those of the training images, which the test images no longer have.",
    ),
    Claim(
        id="new-statistics-undo-test-shift",
        says="Taking batch norm’s statistics anew from the changed test images, without labels, undoes a shift between training and test.",
        source="schneider2020",
        cases=tuple(Case(WORDS[shift], _lost(ANEW, shift), lambda m: m.below(CLOSE), "less than 3 points under the accuracy on unchanged images") for shift in SHIFTS),
        verdict="depends",
        figure="test-shift-accuracy",
        because="It undoes what changes means and standard deviations of all images alike, and no noise.",
    ),
    Claim(
        id="test-statistics-cancel-contrast-and-brightness",
        says="Batch norm with the statistics of the test images cancels a common change of contrast or brightness exactly.",
        source="reader",
        cases=tuple(Case(f"{WORDS[shift]}, ε = 0: change of the outputs", _change("batch norm", shift), lambda m: m.below(ROUND_OFF), "nothing but round-off (1e-10)") for shift in SHIFTS[:2]),
        verdict="supported",
        figure="test-shift-accuracy",
        because="Both turn every unit’s input into a z + b with the same a > 0 and b for all images, which standardizing takes out.",
    ),
    Claim(
        id="layer-norm-cancels-contrast-and-brightness",
        says="Layer norm cancels contrast and brightness, image by image.",
        source="reader",
        cases=tuple(Case(f"{WORDS[shift]}, ε = 0: change of the outputs", _change("layer norm", shift), lambda m: m.below(ROUND_OFF), "nothing but round-off (1e-10)") for shift in SHIFTS[:2]),
        verdict="depends",
        figure="test-shift-accuracy",
        because="A factor is common to all units of an image; what brightness adds differs from unit to unit.",
    ),
    Claim(
        id="few-test-images-suffice",
        says="A few test images are enough to take the statistics anew.",
        source="schneider2020",
        cases=tuple(Case(f"{size} images, {WORDS[shift]}", _few(shift, size), lambda m: m.below(FEW), "less than 5 points under the statistics of all test images") for size in (8, 32) for shift in SHIFTS[:2]),
        verdict="depends",
        figure="test-shift-size",
        because="Thirty-two are; with eight, the noise of the statistics costs more than that.",
    ),
)  # fmt: skip

VALUES = {
    "clean": _accuracy(RUNNING, "contrast", 0),
    "layer_norm_clean": _accuracy(LN, "contrast", 0),
    **{f"{name}_{shift.replace(' ', '_')}": _accuracy(way, shift) for shift in SHIFTS for name, way in (("running", RUNNING), ("anew", ANEW), ("layer_norm", LN), ("none", "none"))},
    "size_2": _by_size("contrast", 2),
    "size_8": _by_size("contrast", 8),
    "size_8_own": _by_size("own contrast", 8),
    "size_32": _by_size("contrast", 32),
}  # fmt: skip
