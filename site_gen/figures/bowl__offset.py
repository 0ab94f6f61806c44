"""Condition number of the squared error over a scale and an offset, with and without normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Normalization makes the bowl of a linear unit round"
TAGS = ("γ and β", "optimization", "transform")
CLAIMS = ("linear-bowl-is-round", "offset-makes-a-valley")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every offset of the input: condition number without and with batch norm, median of batches, and closed form."""
    condition = results["offset_condition"].median("run")
    return pd.DataFrame({
        "offset": results["offset"].values, "condition_plain": condition.sel(model="none").values,
        "condition_batch_norm": condition.sel(model="batch norm").values, "theory": results["offset_condition_theory"].values,
        "runs": results.sizes["run"],
    })  # fmt: skip


def alt(data: pd.DataFrame) -> str:
    last = data.iloc[-1]
    return (f"Condition number against the mean of the input in standard deviations: without normalization it rises from {data['condition_plain'].iloc[0]:.0f} "
            f"to {last['condition_plain']:,.0f} at {last['offset']:g}; with batch norm it stays at {last['condition_batch_norm']:.0f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    off = (data["condition_plain"] / data["theory"] - 1).abs().max()
    return (f"Squared error of $\\gamma x + \\beta$ over $\\gamma$ and $\\beta$, for inputs of standard deviation 1: ratio of the Hessian’s eigenvalues. "
            f"Points: from gradients of the layers, {data['runs'].iloc[0]} batches; lines: closed forms, at most a relative {off:.0e} away.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.2)
    means = np.linspace(0, data["offset"].max(), 300)
    split = np.sqrt(means**2 * (means**2 + 4))
    ax.plot(means, np.square((means**2 + 2 + split) / 2), color=theme.colour("theory"), linewidth=1)
    ax.axhline(1, color=theme.colour("theory"), linewidth=1)
    for column, name, key in (
        ("condition_plain", "without normalization", "none"),
        ("condition_batch_norm", "batch norm", "batch norm"),
    ):
        colour = theme.colour(key)
        ax.plot(data["offset"], data[column], "o", color=colour, clip_on=False, zorder=3)
        at = data.iloc[-2]
        theme.label(
            ax,
            at["offset"],
            at[column],
            name,
            colour,
            dx=10 if key == "none" else 0,
            dy=-8 if key == "none" else 14,
        )
    ax.set(
        yscale="log",
        ylim=(0.7, 2e4),
        xlabel="mean of the input, in standard deviations",
        ylabel="condition number",
    )
    ax.set_yticks([1, 10, 100, 1000, 10000], labels=["1", "10", "100", "1,000", "10,000"])
    ax.minorticks_off()
    return figure
