"""A dot that moves from coin to coin."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from site_gen.theme import Animation, Theme

TITLE = "A dot moves"
TAGS = ("coins",)
FRAMES = 40


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a coin."""
    return results.heads.mean("run").to_dataframe().reset_index()


def alt(data: pd.DataFrame) -> str:
    """What is seen."""
    return f"A dot visits {len(data)} places."


def caption(data: pd.DataFrame) -> str:
    """What it means."""
    return f"The mean share of heads of {len(data)} coins."


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    """Some frames a coin."""
    figure, axes = theme.figure(height=1.4)
    axes.set_xlim(0, 4)
    axes.set_ylim(0, 1)
    (dot,) = axes.plot([1], [0.5], "o", color=theme.colour("batch norm"))

    def update(frame: int) -> None:
        row = data.iloc[frame * len(data) // FRAMES]
        dot.set_data([row["coin"]], [row["heads"]])

    return Animation(figure, [dot], FRAMES, update, fps=10, poster=0)
