"""How many independent values are the pixels of a digit worth?

A channel's mean over a batch is as steady as that of so many independent values, and this number is
what its pixels are worth. It is measured for digits on coarser and coarser grids, for their feature
maps in small random networks, and for batches of digits; beside them, images of random pixels as in
`channel_noise`.
"""

import numpy as np

from experiments.claims import Case, above, depends, supported, within
from experiments.engine.activations import ReLU
from experiments.engine.convolution import Convolution
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.measures.pixels import KERNELS, measured, random_images, statistics
from experiments.results import table, value
from experiments.study import Settings, call, setting
from experiments.training import Model, block, load

PIXELS = 28**2  # of a digit


class Setup(Settings):
    runs: int = setting(16, "independent repetitions: random weights, digits and pixels")
    digits: int = setting(200, "digits in each run whose pixels and feature maps are measured")
    grids: tuple[int, ...] = setting(
        (7, 4, 2, 1), "take every so manyth pixel of a digit in both directions"
    )
    channels: int = setting(4, "channels of every convolution")
    layers: int = setting(3, "convolutions whose feature maps are measured")
    digit_batches: tuple[int, ...] = setting((2, 8, 32), "batch sizes m of digits")
    draws: int = setting(512, "batches of digits in each run and size")
    sizes: tuple[tuple[int, int], ...] = setting(
        ((4, 2), (4, 8), (8, 2), (8, 8), (16, 2)), "pairs of h = w and m of random images"
    )
    batches: int = setting(1024, "batches of random images in each run and setting")
    seed: int = setting(8, "every random stream is spawned from it")


QUICK, FULL = Setup(runs=3, channels=2, batches=64, digits=40, draws=16), Setup()
PAPER = Setup(runs=64, batches=4096, digits=500)


def points(s):
    return {"digits": call(worths, s), "noise": call(noise, s)}


def noise(sizes, batches, runs):
    """Images of random pixels."""
    return random_images(sizes, batches, runs)


def worth(images):
    """Independent values that an image of each channel is worth: σ² over the variance of means."""
    each = StandardizeGroups(images.shape[2], eps=0.0)  # every image by itself
    _, saved, _ = each.forward({}, {}, images, training=True)
    return statistics(images)[1][0] / saved["mean"][0].astype(float).var(axis=0, ddof=1)


def worths(grids, layers, channels, digits, digit_batches, draws, runs):
    """What pixels of digits are worth: on coarser grids, in feature maps, and in batches."""
    convolution = Convolution(channels, padding="circular", bias=False)
    network = Network(block(convolution, (Standardize(),), ReLU()) * layers)
    images = load("digits").train.images().x
    # What a digit is worth is found on one half of all digits, and batches are drawn from the
    # other; they are sorted by label.
    half, other = images[::2], images[1::2]
    ((centre,),), ((variance,),) = statistics(other[None].astype(float))
    grid, maps, square = [], [], []
    for rng in runs.part(4).streams():
        model = Model(network, *network.init([rng], 1, np.float32))
        x = images[rng.choice(len(images), digits, replace=False)][None]
        _, saved, _ = model.forward(x, training=True)
        maps.append([worth(kept["x"]) for kept in saved if "xhat" in kept])
        grid.append([worth(coarser(x, step))[0] for step in grids])
        drawn = (rng.integers(len(other), size=(draws, m)) for m in digit_batches)
        means = (statistics(other[some])[0] for some in drawn)
        square.append([np.square(mean - centre).mean() / variance for mean in means])
    whole, of = worth(half[None].astype(float))[0], "variance of a pixel"
    words = "independent values that {} is worth"
    found = {
        "grid_worth": (np.transpose(grid), words.format("an image"), "1", "pixels run"),
        "map_worth": (np.moveaxis(maps, 0, -1), words.format("a map"), "1", "layer channel run"),
        "digit_square": (np.transpose(square), "of a batch's mean", of, "digit_batch run"),
        "digit_worth": (whole, words.format("a digit of one half"), "1", ""),
    }
    sizes = [coarser(x, step)[0, 0].size for step in grids]
    along = {"layer": range(1, layers + 1), "channel": range(channels), "run": runs}
    return table(found, pixels=sizes, digit_batch=digit_batches, **along)


def coarser(images, step):
    """Every so manyth pixel in both directions."""
    return np.ascontiguousarray(images[..., step // 2 :: step, step // 2 :: step])


# ------------------------------------------------------------------------------------------ claims

# By kernel, and with four times as many pixels: images of random pixels.
SHARE = {k: (measured("mean_square", k, 8, 8) * 8**3).map(np.reciprocal) for k in KERNELS}
FEW, MANY = (measured("mean_square", "independent", side, 2) for side in (8, 16))
GRID, MAP = value("grid_worth"), value("map_worth")
DIGIT, FINER = GRID.at(pixels=PIXELS), GRID.at(pixels=PIXELS) / GRID.at(pixels=PIXELS // 4)
MIDDLE = MAP.over("channel", "median")
BATCH = value("digit_square") * value("digit_batch") * value("digit_worth")

LAYERS = {1: "one convolution", 2: "two convolutions", 3: "three convolutions"}
WORTH, WORTHS = "values worth over m · h · w", "values that they are worth"
SQUARE = "mean square deviation of the mean, over the variance of a pixel over that number"
AGREES = within(1, relative=0.1)  # so near to m h w that nobody would care
# 16 runs of 512 batches know a variance to 1.6 %, ± 3.1 %, and each half of the digits knows that
# of its means to some 3 %: twice both together.
SAMPLING = within(1, relative=0.12)
FOURFOLD = above(3.5, "times as many")

CLAIMS = {
    "channel-batch-is-m-h-w-values": depends(
        "Statistics over m · h · w values are as good as those of that many independent samples.",
        source="reader",
        cases=(
            *(Case(f"{k} pixels, {WORTH}", share.mean(), AGREES) for k, share in SHARE.items()),
            Case(f"pixels of digits, {WORTH}", (DIGIT / PIXELS).mean(), AGREES),
            *(
                Case(
                    f"digits after {count}, the channel in the middle, {WORTH}",
                    (MIDDLE.at(layer=layer) / PIXELS).median(),
                    AGREES,
                )
                for layer, count in LAYERS.items()
            ),
        ),
        because="Neighbouring pixels tell much the same, so most are worth a fraction; a kernel "
        "with negative weights can make them worth more.",
    ),
    "batches-of-digits-settle-by-worth": supported(
        "A batch of m new digits settles a channel’s mean like m times as many independent "
        "values as one digit is worth.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}, {SQUARE}", BATCH.at(digit_batch=m).mean(), SAMPLING)
            for m in FULL.digit_batches
        ),
        because="Different digits are independent of each other, whatever their pixels are.",
    ),
    "larger-images-steady-a-channel": depends(
        "Images with four times as many pixels give a channel’s statistics four times as many "
        "values to settle on.",
        source="reader",
        cases=(
            Case(f"independent pixels, {WORTHS}", (FEW / MANY).mean(), FOURFOLD),
            Case(f"digits at twice the resolution, {WORTHS}", FINER.mean(), FOURFOLD),
        ),
        because="New pixels between the old ones of the same picture hardly tell anything new; "
        "other pictures do.",
    ),
}

VALUES = {
    "digit_worth": DIGIT.mean(),
    "digit_worth_coarsest": GRID.at(pixels=16).mean(),
    "map_worth": MIDDLE.at(layer=1).median(),
    "map_worth_all": MAP.every(),
    "map_share_more": (MAP > PIXELS).map(np.mean).exact(),
}
