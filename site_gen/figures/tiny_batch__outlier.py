"""Where an outlier comes to lie after normalizing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "However far out a sample lies, batch norm puts it within √(m−1)"
TAGS = ("transform", "batch size", "outliers")
CLAIMS = ("outliers-stay-outliers",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every batch size and distance: the median over runs with the extremes, the closed form and the bound."""
    value = results["outlier"]
    table = xr_table(value.median("run"), "normalized")
    for column, part in (("lowest", value.min("run")), ("highest", value.max("run")), ("theory", results["outlier_theory"]),
                         ("bound", results["bound"])):  # fmt: skip
        table = table.merge(xr_table(part, column))
    table = table.rename(columns={"outlier_batch": "batch"}).assign(runs=results.sizes["run"])
    return table.sort_values(["batch", "distance"], ignore_index=True)


def xr_table(values: xr.DataArray, column: str) -> pd.DataFrame:
    """One column with its coordinates."""
    return values.to_dataframe(name=column).reset_index().dropna()


def _at(data: pd.DataFrame, batch: int, distance: float) -> float:
    rows = data[data["batch"] == batch]
    return rows.loc[(np.log(rows["distance"]) - np.log(distance)).abs().idxmin(), "normalized"]


def alt(data: pd.DataFrame) -> str:
    small, large = data["batch"].min(), data["batch"].max()
    return (f"Curves that rise along the diagonal and then level off at √(m − 1). A sample 10 standard deviations from its neighbours comes to lie "
            f"at {_at(data, small, 10):.2f} in a batch of {small}, at {_at(data, 8, 10):.2f} in a batch of 8 and at {_at(data, large, 10):.2f} in a "
            f"batch of {large}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    error = (data[["lowest", "highest"]].sub(data["theory"], axis=0)).abs().max().max()
    return (f"One sample of a batch is moved away from the others, whose mean and standard deviation stay as they are. Points: {data['runs'].iloc[0]} "
            f"random sets of neighbours each, which agree; lines: $z\\sqrt{{(m-1)/(m+z^2)}}$, at most {error:.0e} away; dotted: the bound "
            f"$\\sqrt{{m-1}}$. In a batch of two there is one neighbour and no standard deviation: the sample lies at 1 at any distance.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=4.0)
    curves = list(data.groupby("batch"))
    low, high = data["distance"].min(), data["distance"].max()
    ax.plot([low, high], [low, high], color=theme.muted, linewidth=1, linestyle="--", zorder=1.5)
    theme.label(ax, 30, 38, "as before", theme.muted, dx=-6, ha="right", weight="normal")
    for (m, rows), colour in zip(curves, theme.sequence(len(curves)), strict=True):
        a_decade = round((len(rows) - 1) / np.log10(high / low))
        ax.plot(
            rows["distance"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
        )
        ax.plot(
            rows["distance"], rows["normalized"], "o", color=colour, markevery=max(1, a_decade // 4)
        )
        ax.axhline(rows["bound"].iloc[0], color=colour, linewidth=1, linestyle=":", zorder=1.8)
        theme.label(ax, high * 1.15, rows["bound"].iloc[0], f"m = {m}", colour)
    ax.set(xscale="log", yscale="log", xlim=(low, high * 1.15), ylim=(0.09, 60),
           xlabel="distance z from the neighbours, in their standard deviations", ylabel="normalized value x̂")  # fmt: skip
    ax.set_xticks([0.1, 1, 10, 100, 1000], ["0.1", "1", "10", "100", "1000"])
    ax.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
    ax.minorticks_off()
    return figure
