"""Test accuracy against the batch size of training: four ways to normalize, and batch norm in three modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Batch norm fails at tiny batches, and exact statistics do not save it"
TAGS = ("batch size", "alternatives", "train and eval")
CLAIMS = (
    "batch-norm-needs-large-batches",
    "other-norms-ignore-batch-size",
    "batch-norm-beats-layer-norm",
    "running-statistics-fail-small-batches",
    "train-mode-suits-trained-batch-size",
)

NORMS = ("batch norm", "layer norm", "group norm", "none")
MODES = {
    "running": "evaluation mode",
    "population": "with exact statistics",
    "train": "training mode",
}


def _band(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the last axis and the ends of its 95 % interval (Student's t)."""
    from scipy.stats import t

    n = samples.shape[-1]
    centre = samples.mean(axis=-1)
    half = t.ppf(0.975, n - 1) * samples.std(axis=-1, ddof=1) / np.sqrt(n)
    return centre, centre - half, centre + half


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every way to normalize, mode and batch size: mean over runs and the 95 % interval."""
    accuracy = results["accuracy"].transpose("norm", "mode", "size", "run")
    mean, low, high = _band(accuracy.values)
    table = accuracy.isel(run=0, drop=True).to_dataframe("accuracy").reset_index()
    table = table.assign(
        accuracy=mean.ravel(), low=low.ravel(), high=high.ravel(), runs=results.sizes["run"]
    )
    keep = (table["norm"] == "batch norm") | (table["mode"] == "running")
    return table[keep].reset_index(drop=True).astype({"norm": str, "mode": str})


def _curve(data: pd.DataFrame, norm: str, mode: str = "running") -> pd.DataFrame:
    return data[(data["norm"] == norm) & (data["mode"] == mode)].sort_values("size")


def _number(data: pd.DataFrame, norm: str, size: int, mode: str = "running") -> float:
    return _curve(data, norm, mode).set_index("size")["accuracy"].loc[size]


def alt(data: pd.DataFrame) -> str:
    small = data["size"].min()
    return (f"Test accuracy against batch size. At batches of {small}, batch norm reaches {100 * _number(data, 'batch norm', small):.0f} % in evaluation mode and "
            f"{100 * _number(data, 'batch norm', small, 'train'):.0f} % in training mode, layer norm {100 * _number(data, 'layer norm', small):.0f} %; at batches of 32 it is "
            f"{100 * _number(data, 'batch norm', 32):.0f}, {100 * _number(data, 'batch norm', 32, 'train'):.0f} and {100 * _number(data, 'layer norm', 32):.0f} %.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    small = data["size"].min()
    return (f"Accuracy on the test images after equally many epochs with batches of each size, at a learning rate in proportion to the size; means of {data['runs'].iloc[0]} "
            f"paired runs with 95 % intervals. Left: evaluation mode. Right: batch norm with running statistics, with the statistics of all training images in their place "
            f"({100 * _number(data, 'batch norm', small, 'population'):.0f} % at batches of {small}), and in training mode with batches of the size of training. On the right of each panel all networks take few steps.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.7, sharey=True)
    for norm in NORMS:
        _line(left, _curve(data, norm), theme.colour(norm), theme)
    for row, norm in enumerate(NORMS):
        theme.label(left, 8, 0.62 - 0.07 * row, norm, theme.colour(norm), dx=0)
    styles = {
        "running": theme.colour("batch norm"),
        "population": theme.colour("positive"),
        "train": theme.colour("negative"),
    }
    for row, (mode, name) in enumerate(MODES.items()):
        _line(right, _curve(data, "batch norm", mode), styles[mode], theme)
        theme.label(right, 8, 0.62 - 0.07 * row, name, styles[mode], dx=0)
    sizes = sorted(data["size"].unique())
    ticks = np.arange(0.2, 1.01, 0.2)
    for ax in (left, right):
        ax.set(xscale="log", xlabel="images in a training batch", ylim=(0.2, 1))
        ax.set_xticks(sizes, labels=[f"{s}" for s in sizes])
        ax.set_yticks(ticks, labels=[f"{100 * t:.0f} %" for t in ticks])
        ax.minorticks_off()
    left.set(ylabel="test accuracy", title="Four ways to normalize")
    right.set(title="Batch norm, three ways to evaluate")
    return figure


def _line(ax: Axes, rows: pd.DataFrame, colour: str, theme: Theme) -> None:
    ax.plot(rows["size"], rows["accuracy"], "o-", color=colour, markersize=4)
    theme.band(ax, rows["size"], rows["low"], rows["high"], colour)
