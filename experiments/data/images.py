"""Images of digits and of clothes: 500 of each class, bundled; and all of them from IDX files.

README.md gives their sources and licences. No function here touches the network.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

TEST_SHARE = 5  # one image in five of each class is kept for testing
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class Source:
    """Where a data set is found.

    Attributes
    ----------
    name : str
        Of the whole data set, in words.
    bundle, sha256 : str
        The file beside this one, and the hash that it must have: the published results were made
        from it.
    maker : str
        The command that makes the bundle anew.
    variable : str
        The environment variable that names the folder of all images.
    md5 : tuple of str
        Of the four IDX files, `FILES`, after decompression, however they were compressed.
    """

    name: str
    bundle: str
    sha256: str
    maker: str
    variable: str
    md5: tuple[str, ...]


DIGITS = Source(
    name="MNIST",
    bundle="digits.npz",
    sha256="246e0c30eeea57c8d0037d3f38c8e00651ec204cc61b8022563e9aeeb9d756f4",
    maker="python -m experiments.data.convert_digits",
    variable="MNIST_DIRECTORY",
    md5=(
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
)
CLOTHES = Source(
    name="Fashion-MNIST",
    bundle="clothes.npz",
    sha256="cb6a072114b23c70db697c98b3bd5443848204a9f7af392a88ca473325ebca98",
    maker="python -m experiments.data.convert_clothes",
    variable="FASHION_MNIST_DIRECTORY",
    md5=(
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
)


@dataclass(frozen=True)
class Images:
    """Images of ten classes, split into training and test.

    Attributes
    ----------
    train_x, test_x : ndarray of float32, shape (image, 784)
        Grey values, 0 (paper) to 1 (ink), row by row. Read-only, since they are shared.
    train_labels, test_labels : ndarray of int64, shape (image,)
        The class. Read-only.
    """

    train_x: np.ndarray
    train_labels: np.ndarray
    test_x: np.ndarray
    test_labels: np.ndarray


@cache
def bundled(source: Source) -> Images:
    """4,000 training and 1,000 test images, the same number of each class.

    The split is fixed: of the 500 images of a class, in the order of the file, the first 400 are
    for training and the last 100 for testing. Images are sorted by class; shuffle them for training
    (`experiments.data.batches`).

    Raises
    ------
    ValueError
        If the bundled file is missing, or is not, byte for byte, the one that the published results
        were made from.
    """
    path = Path(__file__).with_name(source.bundle)
    remedy = f"restore it from version control, or make it anew with `{source.maker}`"
    if not path.is_file():
        raise ValueError(f"{path} is missing: {remedy}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != source.sha256:
        raise ValueError(f"{path} has SHA-256 {found} instead of {source.sha256}: {remedy}")
    with np.load(path) as bundle:
        x, labels = _grey(bundle["images"]), bundle["labels"].astype(np.int64)
    test = np.zeros(len(labels), dtype=bool)
    for one in range(10):
        of_class = np.flatnonzero(labels == one)
        test[of_class[-(len(of_class) // TEST_SHARE) :]] = True
    return _frozen(x[~test], labels[~test], x[test], labels[test])


@cache
def complete(source: Source) -> Images:
    """All images, 60,000 for training and 10,000 for testing, split as their authors did.

    The four IDX files, as they are or compressed (`.gz`), are looked for in the folder that an
    environment variable names.

    Raises
    ------
    ValueError
        If the variable is not set, or a file is missing or is not the published one.
    """
    require(source)
    folder = Path(os.environ[source.variable])
    read = zip(FILES, source.md5, strict=True)
    train_images, train_labels, test_images, test_labels = (
        read_idx(folder / name, md5) for name, md5 in read
    )
    return _frozen(
        _grey(train_images),
        train_labels.astype(np.int64),
        _grey(test_images),
        test_labels.astype(np.int64),
    )


def require(source: Source) -> None:
    """Make sure that the four IDX files are there, without reading them.

    Raises
    ------
    ValueError
        If they are not; the message names the missing files and the folder.
    """
    remedy = (
        f"put {', '.join(FILES)} (as they are, or .gz) into a folder and name it: "
        f"{source.variable}=/path/to/folder; experiments/data/README.md says more"
    )
    folder = os.environ.get(source.variable)
    if not folder:
        raise ValueError(f"all of {source.name} is not bundled: {remedy}")
    missing = [
        name
        for name in FILES
        if not any((Path(folder) / file).is_file() for file in (name, f"{name}.gz"))
    ]
    if missing:
        raise ValueError(f"{folder} has no {', '.join(missing)}: {remedy}")


def shrunk(x: np.ndarray, side: int) -> np.ndarray:
    """Images of `side` times `side` pixels, each the mean of a square of pixels.

    (image, 784) → (image, side²); 28 is a multiple of `side`.
    """
    n = 28 // side
    means = x.reshape(-1, side, n, side, n).mean(axis=(2, 4))
    return np.ascontiguousarray(means.reshape(len(x), side * side))


def read_idx(path: Path, md5: str) -> np.ndarray:
    """The unsigned bytes of an IDX file, which may be compressed (`.gz`).

    A magic number whose last byte counts the dimensions, their sizes, the data.

    Raises
    ------
    ValueError
        If its content has another md5.
    """
    if path.is_file():
        raw = path.read_bytes()
    else:
        raw = gzip.decompress(path.with_name(path.name + ".gz").read_bytes())
    found = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    if found != md5:
        raise ValueError(
            f"the content of {path} has md5 {found} instead of {md5}: download it again"
        )
    # big-endian, after the magic number
    sizes = np.frombuffer(raw, dtype=">i4", count=raw[3], offset=4)
    return np.frombuffer(raw, dtype=np.uint8, offset=4 + sizes.nbytes).reshape(sizes)


def _grey(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _frozen(*arrays: np.ndarray) -> Images:
    for array in arrays:
        array.flags.writeable = False
    return Images(*arrays)
