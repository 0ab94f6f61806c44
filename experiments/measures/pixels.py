"""How steady are the mean and the variance that a channel takes over all its pixels?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from experiments.engine.convolution import Convolution
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.results import Value, table, value
from experiments.runs import Runs, normal
from experiments.theory.transform import effective_values

# For independent pixels; made to keep their variance.
KERNELS = {
    "independent": np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "blurred": np.ones((3, 3)) / 3,
    "sharpened": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]) / np.sqrt(29),
}


def label(side: int, m: int) -> str:
    """Height, width and batch size in words, as coordinates name them."""
    return f"{side} x {side}, m = {m}"


def statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of every channel over samples and pixels, (batch, channel) each."""
    layer = Standardize(replace(PYTORCH, eps=0.0))
    _, state, _ = layer.init([None] * len(images), images.shape[2], images.dtype)
    _, saved, _ = layer.forward({}, state, images, training=True)
    return saved["mean"].astype(float), saved["var"].astype(float)


def random_images(sizes: Sequence[tuple[int, int]], batches: int, runs: Runs) -> xr.Dataset:
    """Mean square of a channel's mean, and mean of its variance, by kernel and (h = w, m)."""
    layer, read = Convolution(1, padding="circular", bias=False), []
    for rng in runs.part(3).streams():
        for side, m in sizes:
            for kernel in KERNELS.values():  # each has pixels of its own: other numbers are tested
                x = normal([rng], batches * m, 1, side, side)
                weight = {"weight": kernel[None, None, None]}
                y, _, _ = layer.forward(weight, {}, x, training=True)
                mean, variance = statistics(y.reshape(batches, m, 1, side, side))
                read.append((np.square(mean).mean(), variance.mean()))
    square, variance = np.reshape(read, (len(runs), len(sizes), len(KERNELS), 2)).T
    worth = [
        [effective_values(m, side * side, kernel) for side, m in sizes]
        for kernel in KERNELS.values()
    ]
    side, m = np.int32(sizes).T
    of, dims = "variance of a pixel", "kernel setting run"
    found = {
        "mean_square": (square, "mean square of a channel's mean", of, dims),
        "variance": (variance, "mean of a channel's variance, divisor m h w", of, dims),
        "worth_theory": (worth, "m h w Σk²/(Σk)²", "1", "kernel setting"),
        "noise_side": (side, "height and width", "pixel", "setting"),
        "noise_batch": (m, "batch size m", "1", "setting"),
    }
    labels = [label(*size) for size in sizes]
    return table(found, kernel=list(KERNELS), setting=labels, run=runs)


def measured(name: str, kernel: str, side: int, m: int) -> Value:
    """A quantity of random images."""
    return value(name, kernel=kernel, setting=label(side, m))
