"""The largest learning rate at which a network learns, by depth, with and without batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Without batch norm the largest trainable rate falls steeply with depth; with it, little"
TAGS = ("learning rates", "depth")
CLAIMS = ("bn-allows-higher-rates", "trainable-rate-falls-with-depth")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every norm and depth: the geometric mean over runs of the largest trainable rate, with its interval."""
    rows = []
    smallest = float(results["rate"][0])
    for norm in results["norm"].values:
        for depth in results["depth"].values:
            largest = results["largest"].sel(norm=norm, depth=depth).values
            log = np.log(np.maximum(largest, smallest))
            half = student.ppf(0.975, log.size - 1) * log.std(ddof=1) / np.sqrt(log.size)
            low, centre, high = np.exp(log.mean() + half * np.array([-1, 0, 1]))
            rows.append((norm, int(depth), centre, low, high, int((largest == 0).sum()), log.size))
    return pd.DataFrame(rows, columns=["norm", "depth", "largest", "low", "high", "never", "runs"])


def _at(data: pd.DataFrame, norm: str, depth: int) -> float:
    return float(data[(data["norm"] == norm) & (data["depth"] == depth)]["largest"].iloc[0])


def alt(data: pd.DataFrame) -> str:
    low, high = data["depth"].min(), data["depth"].max()
    return (f"Two lines of the largest trainable rate over depth, both scales logarithmic. From {low} to {high} hidden layers it goes from "
            f"{_at(data, 'none', low):.2g} to {_at(data, 'none', high):.2g} without batch norm and from {_at(data, 'batch norm', low):.2g} to "
            f"{_at(data, 'batch norm', high):.2g} with it.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    never = int(data["never"].sum())
    runs = "1 run" if never == 1 else f"{never} runs"
    lost = f" {runs} that learned at no rate count as the smallest one tried." if never else ""
    return (f"The largest of the rates tried at which a run learned; geometric mean of {data['runs'].iloc[0]} runs with 95 % "
            f"intervals.{lost}")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
    for norm, name in (("none", "without batch norm"), ("batch norm", "with batch norm")):
        rows = data[data["norm"] == norm].sort_values("depth")
        colour = theme.colour(norm)
        theme.band(ax, rows["depth"], rows["low"], rows["high"], colour)
        ax.plot(rows["depth"], rows["largest"], "o-", color=colour)
        theme.label(
            ax,
            rows["depth"].iloc[-2],
            rows["largest"].iloc[-2],
            name,
            colour,
            dx=-2,
            dy=16 if norm == "none" else -16,
        )
    depths = sorted(data["depth"].unique())
    ax.set(xscale="log", yscale="log", xlabel="hidden layers", ylabel="largest trainable rate")
    ax.set_xticks(depths, [str(depth) for depth in depths])
    ax.minorticks_off()
    return figure
