"""What PyTorch, Keras, Flax and ONNX computed on the same batches: golden vectors, bundled.

tests/experiments/studies/make_conventions.py wrote the file by running the frameworks. They are
needed for nothing else.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np

BUNDLE = "conventions.npz"
BUNDLE_SHA256 = "b5dad1ec075dd5b68217fd4364a368d27e0dd61cbc9f4196416edcb84a41e222"


@cache
def load() -> dict[str, np.ndarray]:
    """Inputs, outputs and settings, all read-only.

    Numbers are float64, which holds every float32 result exactly.

    Returns
    -------
    dict of ndarray
        Labels of the axes: framework, dtype, setting, size, example_momentum, offset. For every
        framework, `version`.

        Training on five batches in turn, `input_batches` (step, sample, feature), under every
        precision and setting: momentum, eps (framework, dtype, setting), as the layer holds them;
        y (…, step, sample, feature); running_mean and running_var (…, step, feature); and
        eval_y (…, sample, feature), the last batch in evaluation mode.

        One batch with default settings: `input_size_<m>` (sample, feature), size_running_var
        (framework, size, feature).

        The batch 1, 2, 3, 4 with momentum 0.1 and 0.9: example_running_mean, example_running_var
        (framework, example_momentum).

        Float32 data far from zero, `input_offset` (sample, offset), with all weight on the new
        batch: offset_y (framework, sample, offset), offset_running_var (framework, offset). Not
        finite where a framework gave that.

    Raises
    ------
    ValueError
        If the file is missing, or is not, byte for byte, the one that the published results were
        made from.
    """
    path = Path(__file__).with_name(BUNDLE)
    maker = "tests/experiments/studies/make_conventions.py"
    remedy = f"restore it from version control, or make it anew with {maker}"
    if not path.is_file():
        raise ValueError(f"{path} is missing: {remedy}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != BUNDLE_SHA256:
        raise ValueError(f"{path} has SHA-256 {found} instead of {BUNDLE_SHA256}: {remedy}")
    with np.load(path) as bundle:
        arrays = dict(bundle)
    for array in arrays.values():
        array.flags.writeable = False
    return arrays
