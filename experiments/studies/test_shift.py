"""What happens when the test images are darker, paler or noisier than those of training?

Networks with batch norm, layer norm or none learn small images of digits. Then the test images are
changed: less contrast, more brightness, noise, or a contrast of its own for every image; and
classified with the running statistics of training, and with batch norm's statistics taken anew from
the changed test images, all of them or batches of several sizes, without any labels. In double
precision and at ε = 0: how much do the outputs change with contrast and brightness if the
statistics are taken anew? The thresholds were chosen after a pilot with another seed.
"""

from dataclasses import replace

from experiments.claims import Case, below, depends, refuted, supported
from experiments.data.shifts import COMMON, SHIFTS, shifted, shifted_samples
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.measures import modes
from experiments.results import table, value
from experiments.study import Learning, call, setting
from experiments.training import Model, accuracy, load, mlp, optimizer_of, paired, train

RUNNING, ANEW = "batch norm, running", "batch norm, anew"
WAYS = {"none": ("none",), "layer norm": ("layer norm",), "batch norm": (RUNNING, ANEW)}
EXACT = {  # the layers without ε
    "layer norm": (StandardizeFeatures(eps=0.0), Affine()),
    "batch norm": (Standardize(replace(PYTORCH, eps=0.0)), Affine()),
}


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
    words = "test accuracy on changed images"
    right = [[in_every_way(trained, norm, one) for one in of_shift] for of_shift in changed]
    found = {"accuracy": (right, words, "1", "shift place way run")}
    along = {"shift": SHIFTS, "place": range(len(levels[0])), "way": WAYS[norm], "run": runs}
    if norm in EXACT:
        exact = Model(mlp(hidden, EXACT[norm], ReLU()), trained.params, trained.state)
        double, x = exact.astype(float), images.test.x.astype(float)
        there = [shifted(x, shift, levels[j][at], None) for j, shift in enumerate(COMMON)]
        moved = [modes.change_of_outputs(double, x, one) for one in there]
        by = "root mean square change of the outputs, in their standard deviation"
        found["change"] = (moved, by, "1", "common norm run")
        along |= {"common": COMMON, "norm": norm}
    if norm == "batch norm":
        tried = [(of_shift[at], runs.common(1, j)) for j, of_shift in enumerate(changed)]
        right = [in_batches(trained, some, rng, sizes) for some, rng in tried]
        words = f"{words}, statistics from batches of this size"
        found["by_size"] = (right, words, "1", "shift size run")
        found["level"] = (levels, "size of the shift", "1", "shift place")
        found["at"] = (at, "place of the level that batch sizes were tried at", "1", "")
        along["size"] = sizes
    return table(found, **along)


def in_every_way(trained, norm, images):
    """Accuracy with running statistics and, of batch norm, with those of the images."""
    models = [trained]
    if norm == "batch norm":
        models.append(modes.with_population_statistics(trained, images.x[None]))
    return [accuracy(model, images) for model in models]


def in_batches(trained, images, rng, sizes):
    """Accuracy with statistics from random batches of the images: (size, run)."""
    order = rng.permutation(len(images.labels))
    classes = [modes.predictions_in_batches(trained, images.x, order, size) for size in sizes]
    return [(one == images.labels).mean(axis=1) for one in classes]


# ------------------------------------------------------------------------------------------ claims

# 49 or 1,000 products are summed, in three layers, with standard deviations of order one.
SAME = below(1e-10, "of their standard deviation")
CLOSE = below(0.03, "percentage points")
FEW = below(0.05, "percentage points")  # where statistics come from a few images
WORDS = {
    "contrast": "a quarter of the contrast",
    "brightness": "brighter by 0.4",
    "noise": "noise of 0.2",
    "own contrast": "a contrast of its own for every image",
}


def right(way, place=FULL.at):
    """Accuracy on changed images, by shift."""
    return value("accuracy", way=way, place=place)


def cancels(norm):
    """Common shifts leave the outputs as they are."""
    change = value("change", norm=norm)
    return tuple(
        Case(f"{WORDS[of]}, ε = 0, change of the outputs", change.at(common=of).every(), SAME)
        for of in COMMON
    )


def undone(way, words, shifts):
    """Accuracy on changed images is close to that of running statistics on unchanged ones."""
    lost = right(RUNNING, place=0) - right(way)
    return tuple(
        Case(f"{WORDS[of]}{words}, accuracy lost", lost.at(shift=of).mean(), CLOSE) for of in shifts
    )


OLD, NEW, BY_SIZE = right(RUNNING), right(ANEW), value("by_size")
FEWER, LESS = NEW - BY_SIZE, "accuracy less than with all test images"

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
            Case(f"{m} images, {WORDS[of]}, {LESS}", FEWER.at(shift=of, size=m).mean(), FEW)
            for m in (8, 32)
            for of in COMMON
        ),
        because="Thirty-two are; with eight, the noise of the statistics costs more than that.",
    ),
}

VALUES = {
    "clean": right(RUNNING, place=0).at(shift="contrast").mean(),
    **{f"running_{shift.replace(' ', '_')}": OLD.at(shift=shift).mean() for shift in SHIFTS},
    "anew_contrast": NEW.at(shift="contrast").mean(),
    "anew_noise": NEW.at(shift="noise").mean(),
    "anew_own_contrast": NEW.at(shift="own contrast").mean(),
    "none_noise": right("none").at(shift="noise").mean(),
    **{f"size_{m}": BY_SIZE.at(shift="contrast", size=m).mean() for m in (2, 8, 32)},
    "size_8_own": BY_SIZE.at(shift="own contrast", size=8).mean(),
}
