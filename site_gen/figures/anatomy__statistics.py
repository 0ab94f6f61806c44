"""How much of a gradient passes through the batch mean and variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "A gradient that ignores the batch statistics is wrong by √(2/m) of its length"
TAGS = ("transform", "gradients", "batch size")
CLAIMS = ("statistics-are-constants",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run and batch size: the wrong part of the gradient, as a share of its length."""
    share = np.sqrt(results["statistics_share"]).to_dataframe(name="wrong_share").reset_index()
    theory = np.sqrt(results["statistics_share_theory"]).to_dataframe(name="theory").reset_index()
    return share.merge(theory, on="batch")[["batch", "run", "wrong_share", "theory"]]


def _mean(data: pd.DataFrame) -> pd.Series:
    return data.groupby("batch")["wrong_share"].mean()


def alt(data: pd.DataFrame) -> str:
    mean = _mean(data)
    return (f"On logarithmic axes a straight line falls from {mean.iloc[0]:.2f} at a batch of {mean.index[0]} to "
            f"{mean.iloc[-1]:.3f} at {mean.index[-1]}; the measured points lie on it.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    mean, runs = _mean(data), data["run"].nunique()
    worst = np.abs(mean / data.groupby("batch")["theory"].first() - 1).max()
    return (f"Length of what the batch mean and variance take away from a random gradient, relative to the gradient without them. Points: "
            f"{runs} runs for each batch size; line: $\\sqrt{{2/m}}$, at most {100 * worst:.1f} % from the measured means. "
            f"Of the $m$ directions in which one unit's batch can move, two are always projected out.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.3)
    line = data.groupby("batch")["theory"].first()
    ax.plot(line.index, line, color=theme.colour("theory"), linewidth=1)
    ax.plot(data["batch"], data["wrong_share"], "o", color=theme.colour("gradient"), alpha=0.5)
    at = line.index[len(line) // 2]
    theme.label(ax, at, line[at], "√(2/m)", theme.colour("theory"), dx=9, dy=9, weight="normal")
    ax.set(
        xscale="log", yscale="log", xlabel="batch size m", ylabel="share through mean and variance"
    )
    ax.set_xticks(line.index, [str(m) for m in line.index])
    ticks = [0.1, 0.2, 0.5, 1.0]
    ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    return figure
