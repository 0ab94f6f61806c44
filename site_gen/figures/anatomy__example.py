"""Four numbers that are often called a normalized batch, and the same four normalized."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from site_gen.theme import Theme

TITLE = "The copied example is not normalized"
TAGS = ("transform", "worked example")
CLAIMS = ("copied-example",)

ROWS = {  # stage of the study → what the row is called, and whether the batch was normalized
    "input": ("As copied", False),
    "times two plus three, without normalizing": ("… × 2 + 3", False),
    "over the standard deviation": ("Normalized", True),
    "times two plus three": ("… × 2 + 3", True),
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every stage and sample, with the mean and the standard deviation of the stage."""
    value = results["example"].sel(stage=list(ROWS)).rename("value")
    mean, std = value.mean("sample").rename("mean"), results["example_std"].rename("std")
    table = rows(value, mean, std.sel(stage=list(ROWS)))
    table["row"] = [ROWS[stage][0] for stage in table["stage"]]
    table["normalized"] = [int(ROWS[stage][1]) for stage in table["stage"]]
    return table.drop(columns="stage")


def _stds(data: pd.DataFrame) -> list[float]:
    return data.groupby(["normalized", "row"], sort=False)["std"].first().tolist()


def alt(data: pd.DataFrame) -> str:
    copied, copied_scaled, normalized, scaled = _stds(data)
    return (
        f"Four number lines. The four copied numbers have standard deviation {copied:.3f}, and "
        f"{copied_scaled:.3f} after scaling by 2; the same numbers normalized have {normalized:.3f} "
        f"and {scaled:.3f}."
    )


def caption(data: pd.DataFrame) -> str:
    copied, copied_scaled, _, scaled = _stds(data)
    return (
        "Dots are the samples, bars reach one population standard deviation to either side of the "
        "mean. The numbers −1.5, −0.5, 0.5, 1.5 have a mean of zero but a standard deviation of "
        f"{copied:.3f}, so $\\gamma = 2$ gives {copied_scaled:.3f}; only after normalizing does it give "
        f"{scaled:.0f}. Computed, no randomness."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.1)
    groups = list(data.groupby(["normalized", "row"], sort=False))
    heights = [4.0, 3.0, 1.5, 0.5]  # a gap between the pairs
    for ((normalized, name), stage), y in zip(groups, heights, strict=True):
        colour = theme.colour("batch norm" if normalized else "none")
        mean, std = stage["mean"].iloc[0], stage["std"].iloc[0]
        ends, bar = [mean - std, mean + std], {"linewidth": 9, "solid_capstyle": "butt"}
        ax.plot(ends, [y, y], color=colour, alpha=0.3, **bar)
        ax.plot(stage["value"], np.full(len(stage), y), "o", color=colour)
        theme.label(ax, 6.75, y, f"std {std:.3f}", colour)
        theme.label(ax, -2.15, y, name, colour, ha="right", dx=-5)
    ax.set(xlim=(-2.1, 6.7), ylim=(-0.1, 4.6), yticks=[], xlabel="value", xticks=range(-2, 7))
    ax.spines["left"].set_visible(False)
    ax.grid(False, axis="y")
    ax.grid(True, axis="x")
    return figure
