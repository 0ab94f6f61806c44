"""Condition number of the squared error over a scale and an offset, with and without normalization."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from experiments.theory.optimization import affine_condition
from site_gen.theme import Theme

TITLE = "Normalization makes the bowl of a linear unit round"
TAGS = ("γ and β", "optimization", "transform")
CLAIMS = ("linear-bowl-is-round", "offset-makes-a-valley")


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every offset of the input: condition numbers, median of batches, and closed form."""
    condition = results["offset_condition"].median("run")
    plain, normalized = (condition.sel(model=m, drop=True) for m in ("none", "batch norm"))
    table = rows(
        plain.rename("condition_plain"),
        normalized.rename("condition_batch_norm"),
        results["offset_condition_theory"].rename("theory"),
    )
    return table.assign(runs=results.sizes["run"])


def alt(data: pd.DataFrame) -> str:
    last = data.iloc[-1]
    return (
        "Condition number against the mean of the input in standard deviations: without normalization "
        f"it rises from {data['condition_plain'].iloc[0]:.0f} to {last['condition_plain']:,.0f} at "
        f"{last['offset']:g}; with batch norm it stays at {last['condition_batch_norm']:.0f}."
    )


def caption(data: pd.DataFrame) -> str:
    off = (data["condition_plain"] / data["theory"] - 1).abs().max()
    return (
        "Squared error of $\\gamma x + \\beta$ over $\\gamma$ and $\\beta$, for inputs of standard "
        "deviation 1: ratio of the Hessian’s eigenvalues. Points: from gradients of the layers, "
        f"{data['runs'].iloc[0]} batches; lines: closed forms, at most a relative {off:.0e} away."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.2)
    means, at = np.linspace(0, data["offset"].max(), 300), data.iloc[-2]
    theme.theory(ax, means, affine_condition(means, 1.0))
    theme.level(ax, y=1, color=theme.colour("theory"), zorder=2)
    for column, name, colour, place in (
        ("condition_plain", "without normalization", "none", {"dx": 10, "dy": -8}),
        ("condition_batch_norm", "batch norm", "batch norm", {"dx": 0, "dy": 14}),
    ):
        theme.points(ax, data, "offset", column, colour, clip_on=False, zorder=3)
        theme.label(ax, at["offset"], at[column], name, colour, **place)
    ax.set(yscale="log", ylim=(0.7, 2e4))
    ax.set(xlabel="mean of the input, in standard deviations", ylabel="condition number")
    theme.ticks(ax, y=(1, 10, 100, 1000, 10000), form="{:,g}")
    return figure
