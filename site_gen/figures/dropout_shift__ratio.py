"""Variance after batch norm in evaluation, by the keep probability of the dropout in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Dropout in front of batch norm shrinks the variance in evaluation"
TAGS = ("train and eval", "dropout")
CLAIMS = ("dropout-keeps-the-statistics", "dropout-variance-shift", "dropout-after-batch-norm")
MISSING = dict.fromkeys(
    ("eval_variance", "theory"), "rows of the closed form lie between those that are measured"
)

COLOURS = {"Gaussian": "input", "ReLU": "batch norm", "Gaussian, mean 1": "positive"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run, input, order and keep probability; and rows without a run that hold the closed form for dropout in front."""
    table = results["eval_variance"].to_dataframe().reset_index()
    curve = (
        results["eval_variance_curve"]
        .to_dataframe(name="theory")
        .reset_index()
        .rename(columns={"curve_keep": "keep"})
    )
    return pd.concat([table, curve.assign(order="before", run=-1)], ignore_index=True)[
        ["order", "input", "keep", "run", "eval_variance", "theory"]
    ]


def _mean(data: pd.DataFrame, name: str, keep: float) -> float:
    rows = data[
        (data["order"] == "before") & (data["input"] == name) & np.isclose(data["keep"], keep)
    ]
    return float(rows["eval_variance"].mean())


def alt(data: pd.DataFrame) -> str:
    return (f"Three curves rise to 1 as the keep probability does; at one half they stand at {_mean(data, 'Gaussian', 0.5):.2f} (Gaussian), "
            f"{_mean(data, 'ReLU', 0.5):.2f} (ReLU) and {_mean(data, 'Gaussian, mean 1', 0.5):.2f} (Gaussian with mean 1).")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Variance that batch norm puts out in evaluation. Points: {data['run'].max() + 1} runs each; lines: $\\sigma^2/((\\sigma^2+\\mu^2)/p-\\mu^2)$. "
            f"Squares at 1: dropout behind batch norm, where nothing shifts.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.5)
    after = data[data["order"] == "after"]
    ax.plot(after["keep"], after["eval_variance"], "s", color=theme.colour("neutral"), alpha=0.4)
    for name, condition in COLOURS.items():
        rows, colour = (
            data[(data["order"] == "before") & (data["input"] == name)],
            theme.colour(condition),
        )
        line = rows.dropna(subset="theory")
        ax.plot(line["keep"], line["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9)
        ax.plot(rows["keep"], rows["eval_variance"], "o", color=colour, alpha=0.5)
    for k, (name, condition) in enumerate(COLOURS.items()):
        theme.label(ax, 0.06, 0.9, name, theme.colour(condition), dx=0, dy=-15 * k)
    theme.label(
        ax,
        0.5,
        1,
        "dropout behind batch norm",
        theme.colour("neutral"),
        dx=8,
        dy=-11,
        weight="normal",
    )
    ax.set(
        xlim=(0.04, 0.96),
        ylim=(0, 1.08),
        xlabel="keep probability p",
        ylabel="variance in evaluation",
    )
    return figure
