"""What a change of γ or of β does to the gradient of the weights below."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from site_gen.theme import Theme

TITLE = "γ and β both change the length and the direction of the gradient"
TAGS = ("γ and β", "gradients")
CLAIMS = ("variance-is-speed", "mean-is-direction")
ID = "bowl-answer"

CHANGES = {
    "gamma, fixed": "γ doubled,\nrest held",
    "gamma": "γ doubled",
    "beta": "β plus 1",
}
COLOURS = {"sigmoid": "batch norm", "tanh": "input"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every change, moment, activation and run: length over that before, angle in degrees."""
    answer = results["answer"].sel(change=list(CHANGES))
    answer = answer.transpose("change", "when", "activation", "run", ...)
    parts = (answer.sel(quantity=name, drop=True).rename(name) for name in ("angle", "length"))
    return rows(*parts)


def _middle(data: pd.DataFrame, change: str, quantity: str) -> str:
    values = data[data["change"] == change].groupby(["when", "activation"])[quantity].median()
    return f"{values.min():.3g} to {values.max():.3g}"


def alt(data: pd.DataFrame) -> str:
    return (
        "Points for every run. Doubling γ with the gradient from above held fixed: length "
        f"{_middle(data, 'gamma, fixed', 'length')} times, no turn. Doubling γ: "
        f"{_middle(data, 'gamma', 'length')} times, turned by {_middle(data, 'gamma', 'angle')} "
        f"degrees. β plus 1: {_middle(data, 'beta', 'length')} times, "
        f"{_middle(data, 'beta', 'angle')} degrees (medians)."
    )


def caption(data: pd.DataFrame) -> str:
    return (
        "Gradient of the weights below the upper batch norm after a change of all its $\\gamma$ or "
        "$\\beta$, against before, on the same images. A point for each of "
        f"{data['run'].nunique()} networks, before (open) and after training (filled). Dashed: twice "
        "the length, the same length, the same direction."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.4, sharey=True)
    lanes = [(when, name) for when in ("start", "trained") for name in COLOURS]
    height = {change: row for row, change in enumerate(CHANGES)}
    for (change, when, name), runs in data.groupby(["change", "when", "activation"]):
        y = height[change] + 0.16 * (lanes.index((when, name)) - 1.5)
        colour = theme.colour(COLOURS[name])
        style = {"markersize": 4, "alpha": 0.75, "markerfacecolor": "none"}
        style |= {} if when == "start" else {"markerfacecolor": colour}
        for ax, column in ((left, "length"), (right, "angle")):
            ax.plot(runs[column], np.full(len(runs), y), "o", color=colour, **style)
    for ax, x in ((left, 1), (left, 2), (right, 0)):
        theme.level(ax, x=x, color=theme.colour("theory"), linestyle="--", zorder=1.8)
    left.set_yticks(range(len(CHANGES)), labels=list(CHANGES.values()))
    left.set(xscale="log", ylim=(len(CHANGES) - 0.5, -0.6))
    left.set_xlabel("length, in parts of that before")
    theme.ticks(left, x=(0.5, 1, 2, 4, 8))
    right.set_xlabel("angle to that before (degrees)")
    for k, (name, colour) in enumerate(COLOURS.items()):
        corner = {"transform": "axes fraction", "ha": "right", "dx": 0}
        theme.label(right, 0.97, 0.95 - 0.09 * k, name, colour, **corner)
    return figure
