"""Test loss against training loss, through training, for every condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Batch norm regularizes if its statistics come from few images"
TAGS = ("regularization", "batch size", "dropout")
CLAIMS = (
    "batch-norm-regularizes-like-dropout",
    "less-images-regularize-more",
    "statistics-noise-is-more-than-slow-learning",
)

PANELS = (
    (("none", "no normalization"), ("layer norm", "layer norm"), ("batch norm", "batch norm")),
    (("batch norm, statistics of 4", "4 images"), ("batch norm, statistics of 8", "8 images"), ("batch norm", "40 images")),
    (("none, dropout 0.2", "no normalization"), ("batch norm, dropout 0.2", "batch norm"), ("batch norm, dropout 0.5", "batch norm, a half")),
)  # fmt: skip
TITLES = ("Without dropout", "Batch norm: statistics of", "With dropout of a fifth")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition and reading: losses on both sets, means over runs; without the reading before training."""
    loss = results["loss"].mean("run").isel(epoch=slice(1, None))
    table = (
        loss.to_dataframe("loss")
        .reset_index()
        .pivot(index=["condition", "epoch"], columns="set", values="loss")
    )
    return table.reset_index().rename(columns={"training": "training_loss", "test": "test_loss"}).rename_axis(columns=None).assign(
        runs=results.sizes["run"])  # fmt: skip


def _end(data: pd.DataFrame, name: str) -> pd.Series:
    return data[data["condition"] == name].sort_values("epoch").iloc[-1]


def alt(data: pd.DataFrame) -> str:
    few, all_ = (_end(data, name) for name in ("batch norm, statistics of 8", "batch norm"))
    return (f"Test loss against training loss through training. With batch norm it ends at a test loss of {all_['test_loss']:.2f} and a training loss of {all_['training_loss']:.3f}; with statistics "
            f"of 8 images at {few['test_loss']:.2f} and {few['training_loss']:.3f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Each line is a training, from right to left, with a point every {data['epoch'].diff().mode().iloc[0]:.0f} epochs: mean cross-entropy in nats on the training and the test images in evaluation mode, means of {data['runs'].iloc[0]} "
            f"paired runs. The lower a line at the same training loss, the smaller the gap. Middle: gradients of the same batches of 40, of which 40, 8 or 4 share their statistics. Right: in grey, dropout of a half.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=3, height=3.6, sharey=True)
    ramp = theme.sequence(3)
    colours = (
        [theme.colour(norm) for norm in ("none", "layer norm", "batch norm")],
        ramp,
        [theme.colour("none"), theme.colour("batch norm"), theme.muted],
    )
    low, high = data["training_loss"].min(), data["training_loss"].max()
    for ax, panel, shades, title in zip(axes, PANELS, colours, TITLES, strict=True):
        for row, ((name, label), colour) in enumerate(zip(panel, shades, strict=True)):
            rows = data[data["condition"] == name].sort_values("epoch")
            ax.plot(
                rows["training_loss"],
                rows["test_loss"],
                "o-",
                color=colour,
                markersize=2.5,
                linewidth=1.2,
            )
            if len(rows):
                ax.plot(
                    rows["training_loss"].iloc[-1],
                    rows["test_loss"].iloc[-1],
                    "o",
                    color=colour,
                    markersize=6,
                )
            theme.label(
                ax, 0.04, 0.96 - 0.075 * row, label, colour, dx=0, transform="axes fraction"
            )
        same = np.geomspace(low, high, 50)
        ax.plot(same, same, color=theme.colour("theory"), linewidth=0.8, linestyle="--", zorder=1)
        ax.set(
            xscale="log",
            xlabel="training loss",
            title=title,
            ylim=(0.3, 1.1),
            xlim=(low / 1.4, 1.6),
        )
        ax.set_xticks([0.01, 0.1, 1], labels=["0.01", "0.1", "1"])
        ax.minorticks_off()
    axes[0].set(ylabel="test loss")
    theme.label(
        axes[0],
        0.42,
        0.42,
        "no gap",
        theme.colour("theory"),
        dx=-4,
        dy=0,
        ha="right",
        weight="normal",
    )
    return figure
