"""What a change of γ or of β does to the gradient of the weights below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "γ and β both change the length and the direction of the gradient"
TAGS = ("γ and β", "gradients")
CLAIMS = ("variance-is-speed", "mean-is-direction")

CHANGES = {
    "gamma, fixed": "γ doubled, gradient from above held",
    "gamma": "γ doubled",
    "beta": "β plus 1",
}
WHEN = {"start": "before training", "trained": "after training"}
COLOURS = {"sigmoid": "batch norm", "tanh": "input"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every change, moment, activation and run: length over the length before, and angle in degrees."""
    answer = results["answer"].transpose("change", "when", "activation", "run", "quantity")
    table = answer.to_dataframe("value")["value"].unstack("quantity").reset_index()
    table.columns = [str(column) for column in table.columns]
    order = table["change"].map({name: k for k, name in enumerate(CHANGES)})
    return (
        table.assign(order=order)
        .sort_values(["order", "when", "activation", "run"])
        .drop(columns="order")
        .reset_index(drop=True)
    )


def _middle(data: pd.DataFrame, change: str, quantity: str) -> str:
    values = data[data["change"] == change].groupby(["when", "activation"])[quantity].median()
    return f"{values.min():.3g} to {values.max():.3g}"


def alt(data: pd.DataFrame) -> str:
    return (f"Points for every run. Doubling γ with the gradient from above held fixed: length {_middle(data, 'gamma, fixed', 'length')} times, no turn. "
            f"Doubling γ: {_middle(data, 'gamma', 'length')} times, turned by {_middle(data, 'gamma', 'angle')} degrees. β plus 1: "
            f"{_middle(data, 'beta', 'length')} times, {_middle(data, 'beta', 'angle')} degrees (medians).")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Gradient of the weights below the upper batch norm after a change of all its $\\gamma$ or $\\beta$, against before, on the same images. A point for each of "
            f"{data['run'].nunique()} networks, before (open) and after training (filled). Dashed: twice the length, the same length, the same direction.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.4, sharey=True)
    lanes = [(when, name) for when in WHEN for name in COLOURS]
    for row, change in enumerate(CHANGES):
        for lane, (when, name) in enumerate(lanes):
            rows = data[
                (data["change"] == change) & (data["when"] == when) & (data["activation"] == name)
            ]
            y = np.full(len(rows), row + 0.16 * (lane - 1.5))
            colour = theme.colour(COLOURS[name])
            for ax, column in ((left, "length"), (right, "angle")):
                ax.plot(
                    rows[column],
                    y,
                    "o",
                    color=colour,
                    markersize=4,
                    alpha=0.75,
                    markerfacecolor="none" if when == "start" else colour,
                )
    for x in (1, 2):
        left.axvline(x, color=theme.colour("theory"), linewidth=1, linestyle="--", zorder=1.8)
    right.axvline(0, color=theme.colour("theory"), linewidth=1, linestyle="--", zorder=1.8)
    left.set_yticks(range(len(CHANGES)), labels=["γ doubled,\nrest held", "γ doubled", "β plus 1"])
    left.set(
        xscale="log", xlabel="length, in parts of that before", ylim=(len(CHANGES) - 0.5, -0.6)
    )
    left.set_xticks([0.5, 1, 2, 4, 8], labels=["0.5", "1", "2", "4", "8"])
    left.minorticks_off()
    right.set(xlabel="angle to that before (degrees)")
    for k, (name, key) in enumerate(COLOURS.items()):
        theme.label(
            right,
            0.97,
            0.95 - 0.09 * k,
            name,
            theme.colour(key),
            transform="axes fraction",
            ha="right",
            dx=0,
        )
    return figure
