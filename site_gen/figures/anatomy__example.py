"""Four numbers that are often called a normalized batch, and the same four normalized."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The copied example is not normalized"
TAGS = ("transform", "worked example")
CLAIMS = ("copied-example",)

ROWS = {  # stage of the study → what the row is called, and whether the batch was normalized
    "input": ("As copied", False),
    "times two plus three, without normalizing": ("… × 2 + 3", False),
    "over the standard deviation": ("Normalized", True),
    "times two plus three": ("… × 2 + 3", True),
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a sample and stage, with the mean and the standard deviation of the stage."""
    rows = []
    for stage, (name, normalized) in ROWS.items():
        at = results.sel(stage=stage)
        rows += [
            {"row": name, "normalized": int(normalized), "sample": int(i), "value": float(value),
             "mean": float(at["example"].mean()), "std": float(at["example_std"])}
            for i, value in enumerate(at["example"].values)
        ]  # fmt: skip
    return pd.DataFrame(rows)


def _stds(data: pd.DataFrame) -> list[float]:
    return data.groupby(["normalized", "row"], sort=False)["std"].first().tolist()


def alt(data: pd.DataFrame) -> str:
    copied, copied_scaled, normalized, scaled = _stds(data)
    return (f"Four number lines. The four copied numbers have standard deviation {copied:.3f}, and {copied_scaled:.3f} after "
            f"scaling by 2; the same numbers normalized have {normalized:.3f} and {scaled:.3f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    copied, copied_scaled, _, scaled = _stds(data)
    return (f"Dots are the samples, bars reach one population standard deviation to either side of the mean. The numbers "
            f"−1.5, −0.5, 0.5, 1.5 have a mean of zero but a standard deviation of {copied:.3f}, so $\\gamma = 2$ gives "
            f"{copied_scaled:.3f}; only after normalizing does it give {scaled:.0f}. Computed, no randomness.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.1)
    groups = list(data.groupby(["normalized", "row"], sort=False))
    heights = [4.0, 3.0, 1.5, 0.5]  # a gap between the pairs
    for ((normalized, name), rows), y in zip(groups, heights, strict=True):
        colour = theme.colour("batch norm" if normalized else "none")
        mean, std = rows["mean"].iloc[0], rows["std"].iloc[0]
        ax.plot(
            [mean - std, mean + std],
            [y, y],
            color=colour,
            alpha=0.3,
            linewidth=9,
            solid_capstyle="butt",
        )
        ax.plot(rows["value"], np.full(len(rows), y), "o", color=colour)
        theme.label(ax, 6.75, y, f"std {std:.3f}", colour)
        theme.label(ax, -2.15, y, name, colour, ha="right", dx=-5)
    ax.set(xlim=(-2.1, 6.7), ylim=(-0.1, 4.6), yticks=[], xlabel="value", xticks=range(-2, 7))
    ax.spines["left"].set_visible(False)
    ax.grid(False, axis="y")
    ax.grid(True, axis="x")
    return figure
