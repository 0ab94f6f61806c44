"""Test loss and test accuracy at the end of training, by condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Noise of any kind lowers the test loss, and hardly moves the accuracy of batch norm"
TAGS = ("regularization", "batch size", "dropout")
CLAIMS = (
    "statistics-noise-raises-accuracy",
    "batch-norm-replaces-dropout",
    "batch-norm-and-dropout-conflict",
)

LANES = {  # condition → colour and name
    "none": ("none", "none"),
    "none, dropout 0.2": ("none", "none, dropout of a fifth"),
    "layer norm": ("layer norm", "layer norm"),
    "batch norm": ("batch norm", "batch norm"),
    "batch norm, statistics of 8": ("batch norm", "batch norm, statistics of 8"),
    "batch norm, statistics of 4": ("batch norm", "batch norm, statistics of 4"),
    "batch norm, dropout 0.2": ("batch norm", "batch norm, dropout of a fifth"),
    "batch norm, dropout 0.5": ("batch norm", "batch norm, dropout of a half"),
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition and measure on the test images: mean over runs and the 95 % interval (Student's t)."""
    from scipy.stats import t

    runs, rows = results.sizes["run"], []
    for name in LANES:
        for measure in ("loss", "accuracy"):
            values = results[measure].sel(condition=name, set="test").isel(epoch=-1).values
            half = t.ppf(0.975, runs - 1) * values.std(ddof=1) / np.sqrt(runs)
            rows.append((name, measure, values.mean(), values.mean() - half, values.mean() + half))
    return pd.DataFrame(rows, columns=["condition", "measure", "value", "low", "high"]).assign(
        runs=runs
    )


def _values(data: pd.DataFrame, measure: str) -> pd.Series:
    return data[data["measure"] == measure].set_index("condition")["value"]


def alt(data: pd.DataFrame) -> str:
    loss, accuracy = _values(data, "loss"), _values(data, "accuracy")
    few, some = "batch norm, statistics of 8", "batch norm, dropout 0.2"
    return (f"Test loss and accuracy at the end: batch norm {loss['batch norm']:.2f} nats and {100 * accuracy['batch norm']:.1f} %, with statistics of 8 images {loss[few]:.2f} and "
            f"{100 * accuracy[few]:.1f} %, with dropout of a fifth {loss[some]:.2f} and {100 * accuracy[some]:.1f} %; no normalization {loss['none']:.2f} and {100 * accuracy['none']:.1f} %.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    loss = _values(data, "loss")
    return (f"At the end of equally long training, evaluation mode; means of {data['runs'].iloc[0]} paired runs with 95 % intervals (between conditions the runs are paired, so differences are known better than the intervals suggest). "
            f"The test loss runs from {loss.min():.2f} to {loss.max():.2f} nats.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    for ax, measure in zip(axes, ("loss", "accuracy"), strict=True):
        rows = data[data["measure"] == measure].set_index("condition").loc[list(LANES)]
        scale = 100 if measure == "accuracy" else 1
        for y, (name, row) in enumerate(rows.iterrows()):
            colour = theme.colour(LANES[name][0])
            ax.plot([scale * row["low"], scale * row["high"]], [y, y], color=colour, linewidth=2)
            ax.plot(scale * row["value"], y, "o", color=colour, markersize=6)
        ax.set(
            ylim=(len(LANES) - 0.5, -0.5),
            xlabel="test loss (nats)" if measure == "loss" else "test accuracy (%)",
        )
    axes[0].set_yticks(range(len(LANES)), labels=[name for _, name in LANES.values()])
    return figure
