"""Make `clothes.npz` from the IDX files of Fashion-MNIST.

    python -m experiments.data.convert_clothes FOLDER

The folder has `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, compressed or not. Of each
class the first 500 training images are taken. The same files give the same images; their hash is
printed, and stands in images.py and README.md.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

from experiments.data.images import CLOTHES, FILES, read_idx

EACH = 500  # images of a class


def convert(folder: Path, target: Path) -> str:
    """Write images (5000, 28, 28) and labels (5000,), both uint8, to `target`, class by class.

    Returns
    -------
    str
        The SHA-256 of what was written.

    Raises
    ------
    ValueError
        If a file is not the published one.
    """
    images, labels = (read_idx(folder / FILES[k], CLOTHES.md5[k]) for k in (0, 1))
    chosen = np.concatenate([np.flatnonzero(labels == one)[:EACH] for one in range(10)])
    np.savez_compressed(target, images=images[chosen], labels=labels[chosen])
    return hashlib.sha256(target.read_bytes()).hexdigest()


if __name__ == "__main__":
    print(convert(Path(sys.argv[1]), Path(__file__).with_name(CLOTHES.bundle)))
