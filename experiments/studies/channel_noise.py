"""How steady are the mean and the variance that a channel takes over all its pixels?

Images of random pixels, independent, blurred or sharpened by a convolution, show how far a
channel's mean and variance are from the population's, against closed forms; and one bright pixel in
a dark batch shows how large a normalized value can be.
"""

from dataclasses import replace

import numpy as np

from experiments.claims import Case, depends, supported, within
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.pixels import KERNELS, label, random_images
from experiments.results import table, value
from experiments.study import Settings, call, setting
from experiments.theory import transform as theory

# 16 runs of 1,024 batches know a variance to √(2/16,384) = 1.1 %, with an interval of ± 2.2 %: what
# is left is more than three such errors.
SAMPLING = 0.06
# Blurred batches of 2 × 16 pixels are worth 3.6 values: their variance varies by 90 %, so 16,384 of
# them know its mean to 0.7 %, ± 1.4 %. Batches worth k times as many values know it √k times as
# well. Each tolerance is at most half of the way to (m′ − 1)/m′.
SAMPLING_OF_VARIANCE = {(4, 2): 0.04, (4, 8): 0.02, (8, 2): 0.02, (8, 8): 0.008}


class Setup(Settings):
    runs: int = setting(16, "independent repetitions")
    sizes: tuple[tuple[int, int], ...] = setting(
        ((4, 2), (4, 8), (8, 2), (8, 8), (16, 2)), "pairs of h = w and m of random images"
    )
    batches: int = setting(1024, "batches of random images in each run and setting")
    single: tuple[tuple[int, int], ...] = setting(
        ((1, 4), (2, 4), (2, 8), (8, 8), (8, 28), (32, 28)),
        "pairs of m and h = w with one bright pixel",
    )
    seed: int = setting(8, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(runs=3, batches=64), Setup(), Setup(runs=64, batches=4096)


def points(s):
    """Random images, and one bright pixel."""
    return {"noise": call(noise, s), "bright": call(bright, s)}


def noise(sizes, batches, runs):
    """Random images: the mean square of a channel's mean, and the mean of its variance."""
    return random_images(sizes, batches, runs)


def bright(single):
    """One bright pixel in a dark batch."""
    read, layer = [], Standardize(replace(PYTORCH, eps=0.0))
    for m, side in single:
        x = np.zeros((1, m, 1, side, side))
        x[0, 0, 0, side // 2, side // 2] = 1
        _, state, _ = layer.init([None], 1, x.dtype)
        y, _, _ = layer.forward({}, state, x, training=True)
        read.append(y.max())
    m, side = np.int32(single).T
    found = {
        "bright": (read, "normalized value of the one bright pixel"),
        "bright_theory": (theory.largest_normalized(m * side**2), "√(m h w − 1)"),
        "bright_side": (side, "height and width", "pixel"),
        "bright_batch": (m, "batch size m"),
    }
    return table(found, one_pixel=[label(side, m) for m, side in single])


# ------------------------------------------------------------------------------------------ claims

WORTH, VARIANCE = value("worth_theory"), value("variance")
# Each over its closed form.
SQUARE = value("mean_square") * WORTH
UNBIASED = VARIANCE / ((WORTH - 1) / WORTH)
BRIGHT = value("bright") / value("bright_theory")
MEAN_SQUARE = "mean square of the channel’s mean over the closed form"
OVER_PIXELS, OVER_WORTH = "mean variance over (m′ − 1)/m′", "mean variance over the closed form"


def case(kernel, side, m, words, quantity, tolerance):
    """Batches of one size that one kernel has made."""
    when = f"{kernel}, {side} × {side} pixels, batch of {m}, {words}"
    measured = quantity.at(kernel=kernel, setting=label(side, m)).mean()
    return Case(when, measured, within(1, relative=tolerance))


CLAIMS = {
    "worth-of-pixels-has-a-closed-form": supported(
        "After a convolution of independent pixels, m h w values settle a channel’s mean like "
        "m h w Σk²/(Σk)² independent ones.",
        source="reader",
        cases=tuple(
            case(kernel, side, m, MEAN_SQUARE, SQUARE, SAMPLING)
            for kernel in KERNELS
            for side, m in ((4, 2), (8, 2), (8, 8), (16, 2))
        ),
        because="Round the edges each pixel enters the sum with every weight of the kernel once, "
        "so the mean is multiplied by Σk and the variance by Σk².",
    ),
    "channel-variance-counts-pixels": depends(
        "A channel’s variance is too small by the factor (m′ − 1)/m′ with m′ = m · h · w.",
        source="reader",
        cases=tuple(
            case(kernel, side, m, OVER_PIXELS, VARIANCE / theory.batch_variance(m * side**2), 0.01)
            for kernel in ("independent", "blurred")
            for side, m in ((4, 2), (4, 8), (8, 2), (8, 8))
        ),
        because="What is missing is the variance of the mean, so the number of independent values "
        "counts and not that of pixels.",
    ),
    "channel-variance-counts-what-it-is-worth": supported(
        "A channel’s variance is too small by the factor 1 − 1/n, n being the number of "
        "independent values that its pixels are worth.",
        source="reader",
        cases=tuple(
            case("blurred", side, m, OVER_WORTH, UNBIASED, away)
            for (side, m), away in SAMPLING_OF_VARIANCE.items()
        ),
        because="The variance is taken around the batch’s own mean, which takes along that mean’s "
        "share of it.",
    ),
    "one-bright-pixel-bound": supported(
        "One bright pixel in a dark batch normalizes to √(m · h · w − 1), far above √(m − 1).",
        source="reader",
        cases=tuple(
            Case(
                f"{side} × {side} pixels, batch of {m}, normalized value over √(m · h · w − 1)",
                BRIGHT.at(one_pixel=label(side, m)).exact(),
                within(1, absolute=1e-9),
            )
            for m, side in FULL.single
        ),
        because="All values of the channel share one mean and one variance, whichever picture they "
        "come from.",
    ),
}

VALUES = {"blurred_variance": VARIANCE.at(kernel="blurred", setting=label(4, 2)).mean()}
