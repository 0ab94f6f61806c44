"""Where an outlier comes to lie after normalizing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from site_gen.theme import Theme

TITLE = "However far out a sample lies, batch norm puts it within √(m−1)"
TAGS = ("transform", "batch size", "outliers")
CLAIMS = ("outliers-stay-outliers",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every batch size and distance: median and extremes of the runs, and closed forms."""
    value, found = results["outlier"], results[["outlier_theory", "bound"]]
    found["normalized"] = value.median("run")
    found["lowest"], found["highest"] = value.min("run"), value.max("run")
    found = found.rename(outlier_batch="batch", outlier_theory="theory")
    columns = ("normalized", "lowest", "highest", "theory", "bound")
    return rows(*(found[name] for name in columns)).assign(runs=results.sizes["run"])


def _at(data: pd.DataFrame, batch: int, distance: float) -> float:
    rows = data[data["batch"] == batch]
    return rows.loc[(np.log(rows["distance"]) - np.log(distance)).abs().idxmin(), "normalized"]


def alt(data: pd.DataFrame) -> str:
    small, large = data["batch"].min(), data["batch"].max()
    return (
        "Curves that rise along the diagonal and then level off at √(m − 1). A sample 10 standard "
        f"deviations from its neighbours comes to lie at {_at(data, small, 10):.2f} in a batch of "
        f"{small}, at {_at(data, 8, 10):.2f} in a batch of 8 and at {_at(data, large, 10):.2f} in a "
        f"batch of {large}."
    )


def caption(data: pd.DataFrame) -> str:
    error = (data[["lowest", "highest"]].sub(data["theory"], axis=0)).abs().max().max()
    return (
        "One sample of a batch is moved away from the others, whose mean and standard deviation stay "
        f"as they are. Points: {data['runs'].iloc[0]} random sets of neighbours each, which agree; "
        f"lines: $z\\sqrt{{(m-1)/(m+z^2)}}$, at most {error:.0e} away; dotted: the bound "
        "$\\sqrt{m-1}$. In a batch of two there is one neighbour and no standard deviation: the sample "
        "lies at 1 at any distance."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=4.0)
    curves, distances = list(data.groupby("batch")), data["distance"].unique()
    low, high = distances[0], distances[-1]
    every = max(1, round((len(distances) - 1) / np.log10(high / low)) // 4)  # four in a decade
    ax.plot([low, high], [low, high], color=theme.muted, linewidth=1, linestyle="--", zorder=1.5)
    theme.label(ax, 30, 38, "as before", theme.muted, dx=-6, ha="right", weight="normal")
    for (m, curve), colour in zip(curves, theme.sequence(len(curves)), strict=True):
        bound = curve["bound"].iloc[0]
        theme.theory(ax, curve["distance"], curve["theory"], zorder=1.9)
        theme.points(ax, curve, "distance", "normalized", colour, markevery=every)
        theme.level(ax, y=bound, color=colour, linestyle=":", zorder=1.8)
        theme.label(ax, high * 1.15, bound, f"m = {m}", colour)
    ax.set(xscale="log", yscale="log", xlim=(low, high * 1.15), ylim=(0.09, 60))
    ax.set(xlabel="distance z from the neighbours, in their standard deviations")
    ax.set(ylabel="normalized value x̂")
    theme.ticks(ax, x=(0.1, 1, 10, 100, 1000), y=(0.1, 1, 10))
    return figure
