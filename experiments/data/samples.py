"""Data sets by name, split into training and test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from experiments import suggest
from experiments.data import images
from experiments.data.images import CLOTHES, DIGITS

BUNDLED, COMPLETE = (
    {"digits": DIGITS, "clothes": CLOTHES},
    {"mnist": DIGITS, "fashion-mnist": CLOTHES},
)
NAMES = (*BUNDLED, *COMPLETE)
INPUTS = ("raw", "standardized")


@dataclass(frozen=True)
class Samples:
    """Inputs with their labels.

    Attributes
    ----------
    x : ndarray of float32, shape (sample, feature)
        Read-only, since it is shared.
    labels : ndarray of int64, shape (sample,)
    """

    x: np.ndarray
    labels: np.ndarray

    @property
    def features(self) -> int:
        """Number of features of a sample."""
        return self.x.shape[1]

    def evenly(self, count: int) -> Samples:
        """`count` evenly spaced samples: as many of each class if the samples are sorted."""
        if count > len(self.x):
            raise ValueError(f"there are {len(self.x)} samples, and not {count}")
        return self[np.arange(count) * len(self.x) // count]

    def spread(self, count: int) -> Samples:
        """`count` evenly spaced samples, the first and the last among them."""
        return self[np.linspace(0, len(self.x) - 1, count).astype(int)]

    def balanced(self, count: int) -> Samples:
        """The first samples of each class, class by class, `count` in all."""
        classes = np.unique(self.labels)
        first = [np.flatnonzero(self.labels == one)[: count // len(classes)] for one in classes]
        return self[np.concatenate(first)]

    def drawn(self, count: int, rng: np.random.Generator) -> Samples:
        """Random samples, as many of each class, class by class, `count` in all."""
        classes = np.unique(self.labels)
        piles = [np.flatnonzero(self.labels == one) for one in classes]
        chosen = [rng.choice(pile, count // len(classes), replace=False) for pile in piles]
        return self[np.concatenate(chosen)]

    def images(self) -> Samples:
        """The same as square images of one channel: x has shape (sample, 1, side, side)."""
        side = round(self.features**0.5)
        return Samples(self.x.reshape(-1, 1, side, side), self.labels)

    def astype(self, dtype: np.dtype | str) -> Samples:
        """The same in another precision."""
        return Samples(self.x.astype(dtype), self.labels)

    def __getitem__(self, chosen: np.ndarray) -> Samples:
        """The chosen samples."""
        return Samples(self.x[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Data:
    """A data set: what networks learn from, and what they are tested on."""

    train: Samples
    test: Samples

    @property
    def features(self) -> int:
        """Number of features of a sample."""
        return self.train.features

    def images(self) -> Data:
        """The same as square images of one channel."""
        return Data(self.train.images(), self.test.images())


@cache
def load(data: str, inputs: str = "raw", side: int = 28) -> Data:
    """A data set by name.

    Parameters
    ----------
    data : {"digits", "clothes", "mnist", "fashion-mnist"}
        500 images of each class of MNIST and of Fashion-MNIST, which are bundled; all of either,
        which are not (`experiments.data.images`).
    inputs : {"raw", "standardized"}
        Grey values from 0 to 1; or (x − m)/s with the mean m and the standard deviation s of all
        pixels of the training images.
    side : int
        Pixels a side, a divisor of 28: each is the mean of a square of pixels.

    Raises
    ------
    ValueError
        If a name is unknown, or the files of a data set that is not bundled are missing.
    """
    if data not in NAMES:
        raise ValueError(suggest.unknown("data set", data, NAMES))
    if inputs not in INPUTS:
        raise ValueError(f"inputs are {' or '.join(INPUTS)}, not {inputs!r}")
    read = images.bundled(BUNDLED[data]) if data in BUNDLED else images.complete(COMPLETE[data])
    train_x, test_x = (images.shrunk(x, side) for x in (read.train_x, read.test_x))
    if inputs == "standardized":
        mean, std = train_x.mean(dtype=float), train_x.std(dtype=float)
        train_x, test_x = (((x - mean) / std).astype(np.float32) for x in (train_x, test_x))
    for array in (train_x, test_x):
        array.flags.writeable = False
    return Data(Samples(train_x, read.train_labels), Samples(test_x, read.test_labels))


def require(data: str) -> None:
    """Raise a `ValueError` that names the folder of a data set that is missing and not bundled."""
    if data in COMPLETE:
        images.require(COMPLETE[data])
