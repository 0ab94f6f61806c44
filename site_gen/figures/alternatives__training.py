"""Accuracy of each normalization at its best rate, in three kinds of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Nearly all normalizations of activations do alike, but for ghosts that hold one class"
TAGS = ("alternatives", "training", "small batches", "biased batches")
CLAIMS = (
    "renormalization-cures-small-and-biased",
    "sample-norms-win-in-small-batches",
    "ghosts-are-as-good",
    "batch-norm-is-the-best",
    "any-normalization-helps",
)

ORDER = ("batch norm", "batch renormalization", "ghost batches", "layer norm", "RMSNorm", "group norm", "instance norm",
         "weight normalization", "none")  # fmt: skip
TASKS = ("random batches", "batches of two", "two classes a batch")
COLOURS = {"batch norm": "batch norm", "ghost batches": "batch norm", "batch renormalization": "batch norm",
           "layer norm": "layer norm", "RMSNorm": "layer norm", "group norm": "group norm", "instance norm": "group norm"}  # fmt: skip


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every task, normalization and run: test accuracy at the rate whose mean is highest."""
    found = []
    for task in TASKS:
        for norm in ORDER:
            accuracy = results["accuracy"].sel(task=task, norm=norm).transpose("rate", "run")
            k = int(accuracy.mean("run").values.argmax())
            found.append(pd.DataFrame({"task": task, "norm": norm, "rate": float(accuracy["rate"][k]),
                                       "run": results["run"].values, "accuracy": accuracy.values[k]}))  # fmt: skip
    return pd.concat(found, ignore_index=True)


def alt(data: pd.DataFrame) -> str:
    means = data.groupby(["task", "norm"])["accuracy"].mean()
    told = [f"{task}: batch norm {means[task, 'batch norm']:.2f}, ghost batches {means[task, 'ghost batches']:.2f}, layer norm {means[task, 'layer norm']:.2f}, none {means[task, 'none']:.2f}"
            for task in TASKS]  # fmt: skip
    return "Mean test accuracy. " + "; ".join(told) + "."


def caption(data: pd.DataFrame) -> str:
    return (f"Test accuracy in evaluation mode of a small convolutional network on MNIST-5k shrunk to $7 \\times 7$ pixels, each variant at its best learning rate. "
            f"Points: {data['run'].nunique()} paired runs; bars: mean and 95 % interval.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    from matplotlib.ticker import MultipleLocator
    from scipy.stats import t

    figure, axes = theme.figure(cols=3, height=3.6, sharey=True, sharex=True)
    for ax, task in zip(axes, TASKS, strict=True):
        for lane, norm in enumerate(ORDER):
            values = data.loc[
                (data["task"] == task) & (data["norm"] == norm), "accuracy"
            ].to_numpy()
            colour = theme.colour(COLOURS.get(norm, "none"))
            ax.plot(
                values, np.full(values.size, lane), "o", color=colour, alpha=0.35, markersize=3.5
            )
            half = t.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
            ax.plot(
                [values.mean() - half, values.mean() + half],
                [lane, lane],
                color=theme.ink,
                linewidth=2,
            )
            ax.plot(values.mean(), lane, "|", color=theme.ink, markersize=11, markeredgewidth=2)
        ax.set(title=task, ylim=(len(ORDER) - 0.4, -0.6))
        ax.margins(x=0.06)
        ax.xaxis.set_major_locator(MultipleLocator(0.1))
    axes[0].set_yticks(
        range(len(ORDER)), labels=["no normalization" if norm == "none" else norm for norm in ORDER]
    )
    axes[1].set_xlabel("test accuracy")
    return figure
