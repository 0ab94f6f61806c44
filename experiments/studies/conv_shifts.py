"""Why does batch norm share its statistics over all pixels of a channel?

Digits go through small random convolutional networks whose normalization takes its statistics for
each channel, for each pixel by itself, or not at all. The same digits, moved, go through the same
network, and what comes out is moved back and compared. Edges wrap around; `conv_borders` has
others.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, supported, within
from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.flatten import Flatten
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.measures.equivariance import (
    MOVES,
    ROUND_OFF,
    SIDE,
    StandardizePixels,
    error,
    move,
    shift_errors,
    some,
)
from experiments.results import table, value
from experiments.runs import Runs
from experiments.study import Settings, call, setting
from experiments.training import Model, start


class Setup(Settings):
    runs: int = setting(16, "independent repetitions: random weights, digits and moves")
    images: int = setting(16, "digits in a batch whose digits are moved")
    channels: int = setting(4, "channels of every convolution")
    sides: tuple[int, ...] = setting((28, 14), "h = w of images whose parameters are counted")
    seed: int = setting(8, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(runs=3, images=4, channels=2), Setup(), Setup(runs=64)


def points(s):
    """Errors of moving, one digit to look at, and numbers of parameters."""
    return {
        "shift": call(shift, s, padding="circular", count=s.runs),
        "picture": call(picture, s),
        "counts": call(counts, s),
    }


def shift(padding, images, channels, seed, count):
    """Errors of moving before the network instead of after it."""
    return shift_errors(padding, images, channels, seed, count)


def picture(seed):
    """One digit of a batch and its feature map, before and after that digit moves, to look at."""
    one, by = Runs(seed, 1).part(29), (4, 6)  # a digit and a kernel that are good to look at
    (rng,) = one.streams()
    x = some(rng, 64)
    moved = x.copy()
    moved[:, 0] = move(x[:, 0], by)
    convolution = Network((Convolution(1, padding="circular", bias=False),))
    model = Model(convolution, *convolution.init([rng], 1))
    maps = [model.outputs(images, training=True) for images in (x, moved)]
    panels = [[x[0, 0, 0], moved[0, 0, 0], np.full((SIDE, SIDE), np.nan)]]
    for layer in (Standardize(), StandardizePixels(Standardize())):
        norm = start(Network((layer,)), one, 1, dtype=float)
        before, after = (norm.outputs(y, training=True)[0, 0, 0] for y in maps)
        panels.append([before, after, after - move(before, by)])
    whose, which = ["input", "channel", "pixel"], ["before", "after", "difference"]
    found = {"picture": (panels, "a digit and its normalized feature map")}
    return table(found, whose=whose, which=which, row=range(SIDE), column=range(SIDE))


def counts(channels, sides):
    """The number of parameters for each channel."""
    read = []
    for shared_by in ("channel", "pixel"):
        for side in sides:
            flat = (Flatten(side * side),) if shared_by == "pixel" else ()
            params, _ = Network((*flat, Standardize(), Affine())).init([None], channels)
            read.append(sum(p.size for layer in params for p in layer.values()) / channels)
    found = {"parameters": (np.reshape(read, (2, -1)), "parameters for each channel")}
    return table(found, shared_by=["channel", "pixel"], side=sides)


# ------------------------------------------------------------------------------------------ claims


exactly = below(ROUND_OFF, "of the output")

CLAIMS = {
    "channel-statistics-keep-shifts": supported(
        "Statistics per channel over batch, height and width keep the convolution property: "
        "what comes out moves with the picture.",
        source="overview",
        cases=tuple(
            Case(
                f"edges that wrap around, {when}, difference",
                error("circular", "channel", which).every(),
                exactly,
            )
            for which, when in MOVES.items()
        ),
        because="A mean over all pixels does not depend on where they are, and every pixel gets "
        "the same scale and shift.",
    ),
    "pixel-statistics-break-shifts": depends(
        "A mean and a variance for each pixel by itself would break the convolution property.",
        source="reader",
        cases=tuple(
            Case(
                f"edges that wrap around, {when}, difference",
                error("circular", "pixel", which).mean(),
                above(0.01, "% of the output"),
            )
            for which, when in MOVES.items()
        ),
        because="They do, except where all images of the batch move alike, since then the "
        "statistics of the pixels move along.",
    ),
    "two-parameters-per-channel": supported(
        "In a convolutional network batch norm learns one γ and one β for each channel, "
        "whatever the size of the image.",
        source="overview",
        cases=tuple(
            Case(
                f"{side} × {side} pixels",
                value("parameters", shared_by="channel", side=side).exact(),
                within(2, "for each channel"),
            )
            for side in FULL.sides
        ),
        because="Pixels that share a mean and a variance share γ and β too, or the layer would "
        "treat places differently.",
    ),
}

VALUES = {
    "channel_error": error("circular", "channel", "one").every(),
    "pixel_error": error("circular", "pixel", "one").mean(),
    "pixel_error_evaluation": error("circular", "pixel", "evaluation").mean(),
    "pixel_parameters": value("parameters", shared_by="pixel", side=SIDE).exact(),
}
