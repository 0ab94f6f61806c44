"""Does a convolutional network with batch norm do the same at every place of the picture?

Digits go through small random convolutional networks, are moved and go through them again, as in
`conv_shifts`, but with zeros beyond the edge, or with a stride.
"""

import numpy as np

from experiments.claims import Case, below, depends
from experiments.measures import equivariance as shifts
from experiments.results import table, value
from experiments.study import Settings, call, setting


class Setup(Settings):
    runs: int = setting(16, "independent repetitions: random weights, digits and moves")
    images: int = setting(16, "digits in a batch whose digits are moved")
    channels: int = setting(4, "channels of every convolution")
    seed: int = setting(8, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(runs=3, images=4, channels=2), Setup(), Setup(runs=64)


def points(s):
    """Both paddings, and a stride."""
    paddings = {p: call(padded, s, padding=p, count=s.runs) for p in ("circular", "zero")}
    return paddings | {"stride": call(strided, s)}


def padded(padding, images, channels, seed, count):
    """Errors of moving before the network instead of after it."""
    return shifts.shift_errors(padding, images, channels, seed, count)


def strided(images, channels, runs):
    """With stride 2: a move by two pixels is one of the output; a move by one is none or one."""
    read = []
    for rng in runs.part(1).streams():
        x, _, weights = shifts.task(rng, images)
        model = shifts.random_network(weights, channels, "channel", "circular", strides=(2, 1))
        before = model.outputs(x, training=True)
        for step in (2, 1):
            after = model.outputs(shifts.move(x, (step, 0)), training=True)
            matches = [shifts.relative_square(after, shifts.move(before, (by, 0))) for by in (0, 1)]
            read.append(np.sqrt(min(matches)))
    words = "difference between moving before and after the network, at the best match"
    found = {"strided_error": (np.reshape(read, (-1, 2)).T, words)}
    return table(found, step=(2, 1), run=runs)


# ------------------------------------------------------------------------------------------ claims

INSIDE, STRIDED = value("inside_error", padding="zero"), value("strided_error")
CIRCULAR, ZERO = (shifts.error(p, "channel", "all").mean() for p in ("circular", "zero"))
ODD, EXACTLY = STRIDED.at(step=1).mean(), below(shifts.ROUND_OFF, "of the output")

CLAIMS = {
    "batch-norm-networks-commute-with-shifts": depends(
        "A convolutional network with batch norm does the same at every place of the picture.",
        source="reader",
        cases=tuple(
            Case(f"{when}, difference", measured, EXACTLY)
            for when, measured in (
                ("stride 1, edges that wrap around", CIRCULAR),
                ("stride 1, zero padding", ZERO),
                ("stride 2, moved by two pixels", STRIDED.at(step=2).mean()),
                ("stride 2, moved by one pixel", ODD),
            )
        ),
        because="Batch norm does; zero padding and strides do not.",
    ),
    "zero-padding-disturbs-only-the-edge": depends(
        "Zero padding treats the edge differently, but the inside of the picture does not notice.",
        source="reader",
        cases=tuple(
            Case(f"{when}, difference inside", INSIDE.at(statistics=of, move=move).mean(), EXACTLY)
            for when, of, move in (
                ("no normalization", "none", "all"),
                ("batch norm in evaluation", "channel", "evaluation"),
                ("batch norm in training", "channel", "all"),
            )
        ),
        because="In training the edge is part of the channel’s mean and variance, and these go to "
        "every pixel.",
    ),
}

VALUES = {
    "zero_error": ZERO,
    "zero_error_none": shifts.error("zero", "none", "all").mean(),
    "inside_training": INSIDE.at(statistics="channel", move="all").mean(),
    "stride_odd": ODD,
}
