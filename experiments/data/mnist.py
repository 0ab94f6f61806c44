"""MNIST-5k, bundled; and full MNIST from the reader's own IDX files.

MNIST-5k is 500 images of each digit out of MNIST's training set; README.md gives its source and
licence. No function here touches the network.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

BUNDLE = "mnist.npz"
BUNDLE_SHA256 = "246e0c30eeea57c8d0037d3f38c8e00651ec204cc61b8022563e9aeeb9d756f4"
TEST_SHARE = 5  # one image in five of each digit is kept for testing

FULL_DIRECTORY = "MNIST_DIRECTORY"  # the environment variable that names the folder of full MNIST
FULL_MD5 = {  # of the four IDX files after decompression, however they were compressed
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


@dataclass(frozen=True)
class Digits:
    """Images of handwritten digits, split into training and test.

    Attributes
    ----------
    train_x, test_x : ndarray of float32, shape (image, 784)
        Grey values, 0 (paper) to 1 (ink), row by row. Read-only, since they are shared.
    train_labels, test_labels : ndarray of int64, shape (image,)
        The digit. Read-only.
    """

    train_x: np.ndarray
    train_labels: np.ndarray
    test_x: np.ndarray
    test_labels: np.ndarray


@cache
def load() -> Digits:
    """MNIST-5k: 4,000 training and 1,000 test images, the same number of each digit.

    The split is fixed: of the 500 images of a digit, in the order of the file, the first 400 are
    for training and the last 100 for testing. Images are sorted by digit; shuffle them for training
    (`experiments.data.batches`).

    Raises
    ------
    ValueError
        If the bundled file is missing, or is not, byte for byte, the one that the published results
        were made from.
    """
    path = Path(__file__).with_name(BUNDLE)
    maker = "`python -m experiments.data.convert_mnist`"
    remedy = f"restore it from version control, or make it anew with {maker}"
    if not path.is_file():
        raise ValueError(f"{path} is missing: {remedy}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != BUNDLE_SHA256:
        raise ValueError(f"{path} has SHA-256 {found} instead of {BUNDLE_SHA256}: {remedy}")
    with np.load(path) as bundle:
        images, labels = bundle["images"], bundle["labels"]
    x, labels = _grey(images), labels.astype(np.int64)
    test = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        of_digit = np.flatnonzero(labels == digit)
        test[of_digit[-(len(of_digit) // TEST_SHARE) :]] = True
    return _frozen(x[~test], labels[~test], x[test], labels[test])


@cache
def load_full() -> Digits:
    """All of MNIST: 60,000 training and 10,000 test images, split as its authors did.

    The four IDX files, as they are or compressed (`.gz`), are looked for in the folder that the
    environment variable `MNIST_DIRECTORY` names.

    Raises
    ------
    ValueError
        If the variable is not set, or a file is missing or is not the published one.
    """
    folder = os.environ.get(FULL_DIRECTORY)
    if not folder:
        raise ValueError(
            f"full MNIST is not bundled: put {', '.join(FULL_MD5)} (as they are, or .gz) "
            f"into a folder and set the environment variable {FULL_DIRECTORY} to it"
        )
    arrays = [_read_idx(Path(folder) / name, md5) for name, md5 in FULL_MD5.items()]
    train_images, train_labels, test_images, test_labels = arrays
    return _frozen(
        _grey(train_images),
        train_labels.astype(np.int64),
        _grey(test_images),
        test_labels.astype(np.int64),
    )


def require_full() -> None:
    """Make sure that the files of full MNIST are there, without reading them.

    Raises
    ------
    ValueError
        If they are not; the message names the missing files and the folder.
    """
    remedy = (
        f"put {', '.join(FULL_MD5)} (as they are, or .gz) into a folder and name it: "
        f"{FULL_DIRECTORY}=/path/to/folder; experiments/data/README.md says more"
    )
    folder = os.environ.get(FULL_DIRECTORY)
    if not folder:
        raise ValueError(f"full MNIST is not bundled: {remedy}")
    missing = [
        name
        for name in FULL_MD5
        if not any((Path(folder) / file).is_file() for file in (name, f"{name}.gz"))
    ]
    if missing:
        raise ValueError(f"{folder} has no {', '.join(missing)}: {remedy}")


@cache
def load_shrunk(side: int) -> Digits:
    """MNIST-5k with `shrunk` images, (image, side²)."""
    digits = load()
    return _frozen(
        shrunk(digits.train_x, side),
        digits.train_labels,
        shrunk(digits.test_x, side),
        digits.test_labels,
    )


def shrunk(x: np.ndarray, side: int) -> np.ndarray:
    """Images of `side` times `side` pixels, each the mean of a square of pixels.

    (image, 784) → (image, side²); 28 is a multiple of `side`.
    """
    n = 28 // side
    means = x.reshape(-1, side, n, side, n).mean(axis=(2, 4))
    return np.ascontiguousarray(means.reshape(len(x), side * side))


def _grey(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _frozen(*arrays: np.ndarray) -> Digits:
    for array in arrays:
        array.flags.writeable = False
    return Digits(*arrays)


def _read_idx(path: Path, md5: str) -> np.ndarray:
    """One IDX file of unsigned bytes.

    A magic number whose last byte counts the dimensions, their sizes, the data.
    """
    compressed = path.with_name(path.name + ".gz")
    if path.is_file():
        raw = path.read_bytes()
    elif compressed.is_file():
        raw = gzip.decompress(compressed.read_bytes())
    else:
        raise ValueError(
            f"{path} is missing, compressed or not: "
            f"{FULL_DIRECTORY} must name a folder with {', '.join(FULL_MD5)}"
        )
    found = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    if found != md5:
        raise ValueError(
            f"the content of {path} has md5 {found} instead of {md5}: download it again"
        )
    # big-endian, after the magic number
    sizes = np.frombuffer(raw, dtype=">i4", count=raw[3], offset=4)
    return np.frombuffer(raw, dtype=np.uint8, offset=4 + sizes.nbytes).reshape(sizes)
