"""Whether what comes out of a network moves along when the picture moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.engine.activations import ReLU
from experiments.engine.convolution import Convolution
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.results import Value, table, value
from experiments.runs import Runs
from experiments.training import Model, block, load, seen

# Differences below it are round-off. Sums of at most 12,544 float64 terms (16 images of 784
# pixels), twice: 12,544 * 2**-53 is 1.4e-12 at the very worst, and errors of rounding add up like a
# random walk, to a hundredth of that.
ROUND_OFF = 1e-12
SIDE = 28  # pixels, of a digit
REACH = 2  # pixels that two convolutions of 3 × 3 see beyond one
FARTHEST = 3  # pixels that a digit is moved by, at most, up or down and left or right
# Which pictures of a batch move, in words.
MOVES = {
    "one": "one image of the batch moves",
    "all": "all images move alike",
    "evaluation": "evaluation",
}


@dataclass(frozen=True)
class StandardizePixels:
    """The statistics of each pixel by itself, for images of 28 × 28 pixels; forwards alone."""

    layer: Standardize

    def init(self, rngs, features, dtype):
        """Statistics for every pixel of every channel."""
        _, state, _ = self.layer.init(rngs, features * SIDE**2, dtype)
        return {}, state, features

    def forward(self, params, state, x, training, buffers=None):
        """x̂, every pixel standardized over the samples."""
        flat = x.reshape(*x.shape[:2], -1)
        y, saved, state = self.layer.forward(params, state, flat, training, buffers)
        return y.reshape(x.shape), saved, state


# Evaluation uses the statistics of the last batch.
LAST_BATCH = Standardize(replace(PYTORCH, rate=1.0))
# What a mean and a variance belong to.
STATISTICS = {"channel": (LAST_BATCH,), "pixel": (StandardizePixels(LAST_BATCH),), "none": ()}


def move(images: np.ndarray, by: tuple[int, int]) -> np.ndarray:
    """Move down and to the right; what leaves at one edge comes in at the other."""
    return np.roll(images, by, axis=(-2, -1))


def moved_before_and_after(
    model: Model, x: np.ndarray, by: tuple[int, int], which: str
) -> tuple[np.ndarray, np.ndarray]:
    """What comes out of moved images, and what comes out of the images, moved.

    Parameters
    ----------
    model : Model
        From images to images of the same size.
    x : ndarray, shape (run, sample, channel, height, width)
    by : (int, int)
        Pixels down and to the right.
    which : str
        A key of `MOVES`. If one moves, the first, it alone is compared. In evaluation all move, and
        the running statistics are what the images left before that.
    """
    training, moved = which != "evaluation", move(x, by)
    if not training:
        model = seen(model, x)
    if which == "one":
        moved[:, 1:] = x[:, 1:]
    compared = slice(0, 1 if which == "one" else None)
    before, after = (model.outputs(images, training)[:, compared] for images in (x, moved))
    return after, move(before, by)


def relative_square(
    found: np.ndarray, expected: np.ndarray, axis: tuple[int, ...] | None = None
) -> np.ndarray:
    """Mean square of a difference, over that of all that was expected."""
    return np.square(found - expected).mean(axis=axis) / np.square(expected).mean()


# -------------------------------------------------------------------- digits and random networks


def some(rng: np.random.Generator, count: int) -> np.ndarray:
    """Training digits drawn without replacement: (1, sample, channel, height, width)."""
    images = load("digits").train.images().x
    return images[rng.choice(len(images), count, replace=False)][None].astype(float)


def task(rng: np.random.Generator, images: int) -> tuple[np.ndarray, tuple[int, int], int]:
    """Digits, how far they move, and the seed of the weights, which all networks of a run share."""
    x = some(rng, images)
    by = rng.choice([-1, 1], 2) * rng.integers(1, FARTHEST + 1, 2)
    return x, tuple(by), int(rng.integers(2**63))


def inside(images: np.ndarray) -> np.ndarray:
    """Pixels that no edge can reach through the convolutions, before and after moving."""
    margin = REACH + FARTHEST
    return images[..., margin:-margin, margin:-margin]


def random_network(
    seed: int, channels: int, statistics: str, padding: str, strides: tuple[int, ...] = (1, 1)
) -> Model:
    """Convolution, normalization and ReLU, as often as there are strides."""
    layers = []
    for stride in strides:
        convolution = Convolution(channels, stride=stride, padding=padding, bias=False)
        layers += block(convolution, STATISTICS[statistics], ReLU())
    network = Network(tuple(layers))
    return Model(network, *network.init([np.random.default_rng(seed)], 1))


def shift_errors(padding: str, images: int, channels: int, seed: int, count: int) -> xr.Dataset:
    """Errors of moving digits before random networks instead of after them, for all statistics.

    A map mixes runs, so they are not given as `Runs`, which may be split.
    """
    runs, read, squares = Runs(seed, count), [], 0
    for rng in runs.part(1).streams():
        x, by, weights = task(rng, images)
        pairs = [
            moved_before_and_after(random_network(weights, channels, kind, padding), x, by, which)
            for kind in STATISTICS
            for which in MOVES
        ]
        errors = [relative_square(*pair) for pair in pairs]
        read.append((errors, [relative_square(*map(inside, pair)) for pair in pairs]))
        squares += np.array([relative_square(*pair, axis=(0, 1, 2)) for pair in pairs]) / count
    everywhere, within_reach = np.sqrt(np.moveaxis(read, 0, -1))
    words = "difference between moving before and after the network, over its output (RMS)"
    dims = "padding statistics move"
    found = {
        "shift_error": (everywhere, words, "1", f"{dims} run"),
        "inside_error": (within_reach, "the same where no edge reaches", "1", f"{dims} run"),
        "where_error": (
            np.sqrt(squares),
            "the same by pixel, over all runs",
            "1",
            f"{dims} row column",
        ),
    }
    along = {"run": runs, "row": range(SIDE), "column": range(SIDE)}
    return table(found, padding=padding, statistics=list(STATISTICS), move=list(MOVES), **along)


def error(padding: str, statistics: str, which: str, of: str = "shift_error") -> Value:
    """Difference between moving before and after the network, over its output."""
    return value(of, padding=padding, statistics=statistics, move=which)
