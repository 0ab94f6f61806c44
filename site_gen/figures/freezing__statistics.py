"""How fast the running means of a frozen network go over to new data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Each step leaves a share 1 − α of the running means’ way to new data, though the weights are frozen"
TAGS = ("freezing", "running statistics", "fine-tuning")
CLAIMS = ("statistics-drift-closed-form",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run, way and step for inverted digits: the share of the way to the new data's means that is left, and its closed form."""
    table = results["left"].sel(shift="inverted").drop_vars("shift").to_dataframe().reset_index()
    return table.assign(theory=table["step"].map(results["left_theory"].to_series()))


def _at(data: pd.DataFrame, way: str, step: int) -> float:
    return float(data[(data["way"] == way) & (data["step"] == step)]["left"].mean())


def alt(data: pd.DataFrame) -> str:
    return (f"With batch statistics the share that is left falls along the curve, to {_at(data, 'batch, frozen', 10):.2f} after 10 steps and "
            f"{_at(data, 'batch, frozen', 30):.2f} after 30; with the running statistics in use it stays at {_at(data, 'running, frozen', 100):.0f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Distance of the first batch norm's running means from the means over the new data, along the way from the old ones, as a share. Points: "
            f"{data['run'].nunique()} networks with γ and β frozen; line: $(1-\\alpha)^t$.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.4)
    shown = data[data["step"] > 0]
    line = shown.groupby("step")["theory"].first()
    grid = np.geomspace(1, line.index[-1], 200)
    ax.plot(grid, line.loc[1] ** grid, color=theme.colour("theory"), linewidth=1, zorder=1.9)
    for way, condition, what in (
        ("batch, frozen", "input", "batch statistics in training"),
        ("running, frozen", "neutral", "running statistics in training"),
    ):
        rows = shown[shown["way"] == way]
        ax.plot(rows["step"], rows["left"], "o", color=theme.colour(condition), alpha=0.5)
        theme.label(ax, 1 if way.startswith("batch") else line.index[-1], 0.5 if way.startswith("batch") else 1, what, theme.colour(condition), dx=0,
                    dy=0 if way.startswith("batch") else -12, ha="left" if way.startswith("batch") else "right")  # fmt: skip
    ax.set(xscale="log", xlabel="steps t", ylabel="share of the way left", ylim=(-0.05, 1.08))
    return figure
