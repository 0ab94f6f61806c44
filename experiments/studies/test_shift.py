"""What happens when the test images are darker, paler or noisier than those of training?

Networks with batch norm, layer norm or none learn small images of digits. Then the test images are
changed: less contrast, more brightness, noise, or a contrast of its own for every image; and
classified with the running statistics of training, and with batch norm's statistics taken anew from
the changed test images, all of them or batches of several sizes, without any labels. In double
precision and at ε = 0: how much do the outputs change with contrast and brightness if the
statistics are taken anew?

Run i has the same initial weights and batches under every condition, and the same noise is added.
The thresholds were chosen after a pilot with another seed.

What came out: running statistics are right for the images of training and wrong for others.
Statistics taken anew from enough test images cancel a common change of contrast or brightness,
exactly, whatever the weights, and most of a contrast that differs from image to image. Against
noise they do next to nothing. Layer norm cancels contrast image by image, and brightness not at
all.
"""

from dataclasses import dataclass, replace

import xarray as xr

from experiments.data.shifts import COMMON, SHIFTS, shifted, shifted_samples
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.measures.modes import (
    change_of_outputs,
    predictions_in_batches,
    with_population_statistics,
)
from experiments.results import difference, table, value
from experiments.study import Case, Learning, below, call, depends, refuted, setting, supported
from experiments.training import Model, accuracy, load, mlp, optimizer_of, paired, train

RUNNING, ANEW = "batch norm, running", "batch norm, anew"
WAYS = {"none": ("none",), "layer norm": ("layer norm",), "batch norm": (RUNNING, ANEW)}
# The layers without ε.
EXACT = {
    "layer norm": (StandardizeFeatures(eps=0.0), Affine()),
    "batch norm": (Standardize(replace(PYTORCH, eps=0.0)), Affine()),
}


@dataclass(frozen=True)
class Setup(Learning):
    hidden: tuple[int, int] = setting((32, 32), "units in the hidden layers")
    batch: int = setting(32, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    steps: int = setting(1000, "of training")
    contrast: tuple[float, ...] = setting(
        (1.0, 0.7, 0.5, 0.35, 0.25, 0.15), "c of x → c x; of own contrast, the lowest"
    )
    brightness: tuple[float, ...] = setting(
        (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), "b of x → x + b; ink is 1 and paper 0"
    )
    noise: tuple[float, ...] = setting(
        (0.0, 0.05, 0.1, 0.15, 0.2, 0.3), "standard deviation of what is added to a pixel"
    )
    at: int = setting(4, "place in these lists of the level of claims and of the sweep of sizes")
    sizes: tuple[int, ...] = setting((2, 4, 8, 16, 32, 64, 128, 256), "test images in a batch")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(33, "every random stream is spawned from it")


QUICK = Setup(hidden=(8, 8), steps=40, sizes=(2, 8, 32), runs=2)
FULL, PAPER = Setup(), Setup(hidden=(100, 100), steps=20_000, runs=64)


def points(s):
    """Each normalization, with all changes of the test images."""
    levels = (s.contrast, s.brightness, s.noise, s.contrast)
    return {norm.replace(" ", "-"): call(learn, s, norm=norm, levels=levels) for norm in WAYS}


def learn(norm, data, inputs, optimizer, hidden, batch, rate, steps, levels, at, sizes, runs):
    """Train, change the test images, and classify them in every way."""
    images = load(data, inputs, side=7)
    model, stream = paired(mlp(hidden, norm, ReLU()), images, batch, runs.part(0))
    *_, trained = train(model, stream, optimizer_of(optimizer, rate), steps)
    changed = [  # noise is the same at every level and for all runs
        [shifted_samples(images.test, shift, level, runs.common(2, j)) for level in levels[j]]
        for j, shift in enumerate(SHIFTS)
    ]
    places, words = range(len(levels[0])), "test accuracy on changed images"
    found = [[in_every_way(trained, norm, images) for images in one] for one in changed]
    variables = {"accuracy": (found, words, "1", "shift place way run")}
    parts = [table(variables, way=WAYS[norm], shift=SHIFTS, place=places, run=runs)]
    if norm in EXACT:
        exact = Model(mlp(hidden, EXACT[norm], ReLU()), trained.params, trained.state)
        double, x = exact.astype(float), images.test.x.astype(float)
        there = [shifted(x, shift, levels[j][at], None) for j, shift in enumerate(COMMON)]
        moved = [change_of_outputs(double, x, one) for one in there]
        words = "root mean square change of the outputs, in their standard deviation"
        parts += [table({"change": (moved, words)}, common=COMMON, norm=norm, run=runs)]
    if norm == "batch norm":
        found = by_size(trained, [images[at] for images in changed], sizes, runs)
        words = "test accuracy on changed images, statistics from batches of this size"
        parts += [table({"by_size": (found, words)}, shift=SHIFTS, size=sizes, run=runs)]
        words = "place of the level that batch sizes were tried at"
        tried = {"level": (levels, "size of the shift"), "at": (at, words, "1", "")}
        parts += [table(tried, shift=SHIFTS, place=places)]
    return xr.merge(parts)


def in_every_way(trained, norm, images):
    """Accuracy with running statistics and, of batch norm, with those of the images."""
    anew = [with_population_statistics(trained, images.x[None])] if norm == "batch norm" else []
    return [accuracy(model, images) for model in (trained, *anew)]


def by_size(trained, changed, sizes, runs):
    """Accuracy with statistics from batches of changed images: (shift, size, run)."""
    found = []
    for j, images in enumerate(changed):
        order = runs.common(1, j).permutation(len(images.labels))
        classes = [predictions_in_batches(trained, images.x, order, size) for size in sizes]
        found.append([(one == images.labels).mean(axis=1) for one in classes])
    return found


# ------------------------------------------------------------------------------------------ claims

POINTS = "percentage points"
CLOSE = 0.03  # three points of accuracy
FEW = 0.05  # five points, where statistics come from a few images
ROUND_OFF = 1e-10  # sums of 49 or 1,000 products, three layers, standard deviations of order one
WORDS = {
    "contrast": "a quarter of the contrast",
    "brightness": "brighter by 0.4",
    "noise": "noise of 0.2",
    "own contrast": "a contrast of its own for every image",
}


def right(way, shift, place=FULL.at):
    """Accuracy on changed images."""
    return value("accuracy", way=way, shift=shift, place=place)


def cancels(norm):
    """Common shifts leave the outputs as they are."""
    return tuple(
        Case(
            f"{WORDS[shift]}, ε = 0, change of the outputs",
            value("change", norm=norm, common=shift).every(),
            below(ROUND_OFF, "of their standard deviation"),
        )
        for shift in COMMON
    )


def undone(way, words, shifts):
    """Accuracy on changed images is close to that of running statistics on unchanged ones."""
    return tuple(
        Case(
            f"{WORDS[shift]}{words}, accuracy lost",
            difference(right(RUNNING, shift, 0), right(way, shift)),
            below(CLOSE, POINTS),
        )
        for shift in shifts
    )


CLAIMS = {
    "batch-norm-ignores-contrast": refuted(
        "A network with batch norm standardizes its inputs, so contrast and brightness of the "
        "test images do not matter.",
        source="reader",
        cases=undone(RUNNING, ", running statistics", COMMON),
        because="In evaluation mode the statistics are those of the training images, which the "
        "test images no longer have.",
    ),
    "new-statistics-undo-test-shift": depends(
        "Taking batch norm’s statistics anew from the changed test images, without labels, "
        "undoes a shift between training and test.",
        source="schneider2020",
        cases=undone(ANEW, "", SHIFTS),
        because="It undoes what changes means and standard deviations of all images alike, and no "
        "noise.",
    ),
    "test-statistics-cancel-contrast-and-brightness": supported(
        "Batch norm with the statistics of the test images cancels a common change of contrast or "
        "brightness exactly.",
        source="reader",
        cases=cancels("batch norm"),
        because="Both turn every unit’s input into a z + b with the same a > 0 and b for all "
        "images, which standardizing takes out.",
    ),
    "layer-norm-cancels-contrast-and-brightness": depends(
        "Layer norm cancels contrast and brightness, image by image.",
        source="reader",
        cases=cancels("layer norm"),
        because="A factor is common to all units of an image; what brightness adds differs from "
        "unit to unit.",
    ),
    "few-test-images-suffice": depends(
        "A few test images are enough to take the statistics anew.",
        source="schneider2020",
        cases=tuple(
            Case(
                f"{size} images, {WORDS[shift]}, accuracy less than with all test images",
                difference(right(ANEW, shift), value("by_size", shift=shift, size=size)),
                below(FEW, POINTS),
            )
            for size in (8, 32)
            for shift in COMMON
        ),
        because="Thirty-two are; with eight, the noise of the statistics costs more than that.",
    ),
}

NAMES = {"running": RUNNING, "anew": ANEW, "layer_norm": "layer norm", "none": "none"}
VALUES = {
    "clean": right(RUNNING, "contrast", 0).mean(),
    **{
        f"{name}_{shift.replace(' ', '_')}": right(way, shift).mean()
        for shift in SHIFTS
        for name, way in NAMES.items()
    },
    **{f"size_{k}": value("by_size", shift="contrast", size=k).mean() for k in (2, 8, 32)},
    "size_8_own": value("by_size", shift="own contrast", size=8).mean(),
}
