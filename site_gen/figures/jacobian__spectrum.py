"""Singular values of the backward pass, batch size by batch size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The backward pass keeps m − 2 directions and removes two"
TAGS = ("transform", "gradients", "batch size")
CLAIMS = ("affine-restores-information", "backward-only-rescales")

LARGEST = 32  # larger batches look the same, with more points


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every batch size and rank: the singular value over γ/σ, median and extremes over runs, and the closed form."""
    values = results["singular_value"]
    values = values.sel(batch=values["batch"] <= LARGEST)
    table = values.median("run").to_dataframe(name="singular_value").reset_index()
    for column, part in (("lowest", values.min("run")), ("highest", values.max("run"))):
        table = table.merge(part.to_dataframe(name=column).reset_index())
    table = table.dropna().sort_values(["batch", "rank"], ignore_index=True)
    return table.assign(
        theory=np.where(table["rank"] < table["batch"] - 2, 1.0, 0.0), runs=results.sizes["run"]
    )


def alt(data: pd.DataFrame) -> str:
    sizes = data["batch"].unique()
    lost = (data["singular_value"] < 0.5).groupby(data["batch"]).sum()
    return (f"A row of points for each batch size from {sizes[0]} to {sizes[-1]}: in every row all points are filled but the last "
            f"{lost.iloc[-1]}, which are empty; a batch of {sizes[0]} has {lost.iloc[0]} empty points and no other.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    off = np.abs(data[["lowest", "highest"]].sub(data["theory"], axis=0)).max().max()
    return (f"Each point is one singular value of batch norm’s backward pass at $\\varepsilon = 0$, in units of $|\\gamma|/\\sigma$, the largest at the "
            f"left. Filled: 1; empty: 0. {data['runs'].iloc[0]} random batches of each size, with random $\\gamma$ and $\\beta$; none is farther than "
            f"{off:.0e} from these values.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.4)
    sizes = sorted(data["batch"].unique())
    kept, lost = theme.colour("gradient"), theme.muted
    for row, m in enumerate(sizes):
        rows = data[data["batch"] == m]
        passing = rows["singular_value"] > 0.5
        ax.plot(rows["rank"][passing] + 1, np.full(passing.sum(), row), "o", color=kept)
        ax.plot(
            rows["rank"][~passing] + 1,
            np.full((~passing).sum(), row),
            "o",
            color=lost,
            markerfacecolor="none",
        )
        text = f"{passing.sum()} kept, {(~passing).sum()} removed"
        beside = m <= LARGEST // 2  # the longest rows leave room only above
        place = {"dx": 14} if beside else {"dx": 4, "dy": 14, "ha": "right"}
        theme.label(ax, m, row, text, theme.ink, weight="normal", **place)
    ax.set(ylim=(len(sizes) - 0.5, -0.7), xlim=(0, max(sizes) + 1), xlabel="rank of the singular value",
           yticks=range(len(sizes)), yticklabels=[f"m = {m}" for m in sizes])  # fmt: skip
    ax.grid(False)
    return figure
