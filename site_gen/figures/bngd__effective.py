"""Effective learning rate at the end, against the learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The weights grow until the learning rate is small enough"
TAGS = ("learning rates", "effective learning rate")
CLAIMS = ("rate-tunes-itself",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every rate and run, at the largest condition number: effective rate as a share of the edge of stability."""
    effective = results["effective"].sel(condition=float(results["condition"].max()))
    return effective.reset_coords(drop=True).to_dataframe("effective_rate").reset_index()


def alt(data: pd.DataFrame) -> str:
    return (f"Effective rate at the end against the learning rate, both logarithmic: one cloud of points rises, meets the edge at rates near 1 and falls "
            f"again; the largest of all is {data['effective_rate'].max():.3f} of the edge.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    near = (data.groupby("run")["effective_rate"].max() > 0.9).mean()
    return (f"A point for each of {data['run'].nunique()} runs and {data['learning_rate'].nunique()} rates: $\\eta\\,\\lVert u \\rVert^2/\\lVert w "
            f"\\rVert^2$ at the end, over the rate at which descent near the solution becomes unstable; line: the median. No run ends "
            f"above 1; {100 * near:.0f} % of the runs come within a tenth of it at some rate.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
    colour = theme.colour("batch norm")
    middle = data.groupby("learning_rate")["effective_rate"].median()
    ax.axhline(1, color=theme.colour("theory"), linewidth=1, linestyle="--", zorder=1.8)
    ax.plot(data["learning_rate"], data["effective_rate"], ".", color=colour, alpha=0.45)
    ax.plot(middle.index, middle, color=colour)
    theme.label(
        ax,
        data["learning_rate"].min(),
        1,
        "edge of stability",
        theme.colour("theory"),
        dx=0,
        dy=8,
        weight="normal",
    )
    ax.set(xscale="log", yscale="log", xlabel="learning rate η", ylabel="effective rate, share of its edge",
           ylim=(0.5 * np.min(data["effective_rate"]), 3))  # fmt: skip
    return figure
