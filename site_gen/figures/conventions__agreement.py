"""Distance between the engine and every framework, as a share of what round-off allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Three numbers reproduce every framework, up to round-off"
TAGS = ("conventions", "precision")
CLAIMS = ("three-numbers-are-enough", "float64-is-float64")

FLOOR = 1e-6  # where equal to the last bit is drawn on a logarithmic axis


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every framework, precision, setting and quantity."""
    return results["error"].to_dataframe(name="share_of_bound").reset_index()


def alt(data: pd.DataFrame) -> str:
    worst = data.loc[data["share_of_bound"].idxmax()]
    return (f"Points for {data['framework'].nunique()} variants of frameworks on a logarithmic axis, all left of the line at 1 that marks the bound; the "
            f"farthest, {worst['framework']}, is at {worst['share_of_bound']:.3f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    equal = np.mean(data["share_of_bound"] == 0)
    return (f"Largest distance between this site's engine and each framework, over the bound for round-off: {len(data)} comparisons, of outputs in training, "
            f"running mean, running variance and outputs in evaluation, with default and other settings; {100 * equal:.0f} % of them agree to "
            f"the last bit and are drawn at the left edge. A distance above 1 would be a difference in meaning.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.6)
    names = list(dict.fromkeys(data["framework"]))[::-1]
    for precision, condition, shift in (
        ("float64", "batch norm", 0.16),
        ("float32", "none", -0.16),
    ):
        rows, colour = data[data["precision"] == precision], theme.colour(condition)
        if len(rows):
            y = np.array([names.index(name) for name in rows["framework"]]) + shift
            ax.plot(np.maximum(rows["share_of_bound"], FLOOR), y, "o", color=colour, alpha=0.6)
            theme.label(ax, 0.04, len(names) - 1 + 2 * shift, precision, colour)
    ax.axvline(1, color=theme.colour("theory"), linewidth=1)
    theme.label(ax, 1, 0, "bound", theme.colour("theory"), dx=-5, ha="right", weight="normal")
    ax.set(
        xscale="log",
        xlim=(FLOOR / 2, 2),
        ylim=(-0.6, len(names) - 0.2),
        xlabel="distance, as a share of the bound for round-off",
    )
    ax.set_yticks(range(len(names)), names)
    ax.minorticks_off()
    return figure
