"""Whether what comes out of a network moves along when the picture moves."""

from __future__ import annotations

import numpy as np

from experiments.engine.train import Model
from experiments.training import seen

# Which pictures of a batch move, in words.
MOVES = {
    "one": "one image of the batch moves",
    "all": "all images move alike",
    "evaluation": "evaluation",
}


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
