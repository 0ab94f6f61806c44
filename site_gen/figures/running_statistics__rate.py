"""Error of the running means against the update rate, at several moments of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The best update rate falls as training goes on"
TAGS = ("running statistics", "momentum", "training")
CLAIMS = ("smaller-rate-is-better",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every step and rate: geometric mean over runs of the error, over the units of both layers, with interval."""
    error = np.sqrt(np.square(results["mean_error"]).mean("layer"))
    rows = []
    for step in results["step"].values:
        for rate in results["rate"].values:
            logs = np.log(error.sel(step=step, rate=rate).values)
            half = student.ppf(0.975, logs.size - 1) * logs.std(ddof=1) / np.sqrt(logs.size)
            rows.append({"step": int(step), "rate": float(rate), "error": np.exp(logs.mean()), "low": np.exp(logs.mean() - half),
                         "high": np.exp(logs.mean() + half), "runs": logs.size})  # fmt: skip
    return pd.DataFrame(rows)


def _shown(data: pd.DataFrame) -> list[int]:
    """Every other step, the last included: curves apart enough to be labelled."""
    return sorted(data["step"].unique())[::-2][::-1]


def _best(data: pd.DataFrame) -> pd.DataFrame:
    return data.loc[data.groupby("step")["error"].idxmin()].set_index("step")


def alt(data: pd.DataFrame) -> str:
    best, shown = _best(data), _shown(data)
    return (f"Curves of the error against α, one for each of {len(shown)} moments. Each has a lowest point, and it moves left: "
            f"α = {best.loc[shown[0], 'rate']:g} after {shown[0]} steps, {best.loc[shown[-1], 'rate']:g} after {shown[-1]}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    best, last = _best(data), data["step"].max()
    return (f"Error of the running means of both hidden layers against the training set's, in standard deviations of the unit, root mean "
            f"square over units; rings mark the best rate. Too small a rate still remembers the start and older weights, too large a one knows only the "
            f"last batches. After {last} steps the best is {best.loc[last, 'rate']:g}, with an error of {best.loc[last, 'error']:.3f}. Geometric "
            f"means of {data['runs'].iloc[0]} runs with 95 % bands.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
    steps, best, height, lift = _shown(data), _best(data), np.inf, 1.12
    for step, colour in zip(steps, theme.sequence(len(steps)), strict=True):
        rows = data[data["step"] == step]
        theme.band(ax, rows["rate"], rows["low"], rows["high"], colour)
        ax.plot(rows["rate"], rows["error"], "o-", color=colour)
        ring = best.loc[step]
        ax.plot(
            [ring["rate"]],
            [ring["error"]],
            "o",
            markersize=10,
            markerfacecolor="none",
            markeredgecolor=colour,
        )
        # Labels lie at least one line apart; the first stands above its point, to leave room for the others.
        height, lift = min(lift * rows["error"].iloc[0], height / 1.33), 1
        theme.label(
            ax,
            rows["rate"].iloc[0],
            height,
            f"{step} step" + ("s" if step > 1 else ""),
            colour,
            ha="right",
            dx=-9,
        )
    ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
    ax.set(
        xscale="log", yscale="log", xlabel="update rate α", ylabel="error of the running mean / std"
    )
    ax.set_xlim(data["rate"].min() / 3.8, data["rate"].max() * 1.2)
    ax.set_xticks(rates := sorted(data["rate"].unique()), [f"{rate:g}" for rate in rates])
    ax.set_yticks(
        [t for t in ticks if data["low"].min() < t],
        [f"{t:g}" for t in ticks if data["low"].min() < t],
    )
    ax.minorticks_off()
    return figure
