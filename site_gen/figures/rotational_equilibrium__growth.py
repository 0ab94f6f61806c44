"""Length of scale-invariant weights under SGD without weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Without weight decay, every step makes the weights longer"
TAGS = ("effective learning rate", "weight decay")
CLAIMS = ("sgd-lengthens-weights",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every rate and step: length of the weights, mean over units and runs, and the sum of squared steps."""
    table = results[["growth", "growth_theory"]].mean("run").to_dataframe().reset_index()
    worst = float(results["step_error"].max())
    return table.rename(columns={"growth_rate": "rate", "growth_step": "step", "growth": "length", "growth_theory": "theory"}).assign(
        largest_step_error=worst, runs=results.sizes["run"])  # fmt: skip


def _ends(data: pd.DataFrame) -> pd.Series:
    return data[data["step"] == data["step"].max()].set_index("rate")["length"]


def alt(data: pd.DataFrame) -> str:
    ends = _ends(data)
    return (f"Length of the weights by step, rising for all of {len(ends)} learning rates: after {data['step'].max()} steps it is {ends.iloc[0]:.2f} at "
            f"a rate of {ends.index[0]:g} and {ends.iloc[-1]:.1f} at a rate of {ends.index[-1]:g}, which made most of it in the first few steps.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Means over {data['runs'].iloc[0]} runs. Points: measured; lines: the root of the first squared length plus $\\eta^2$ times all squared "
            f"gradients so far. In a single step the two sides of Pythagoras differ by at most {data['largest_step_error'].iloc[0]:.0e}. Where growth is "
            f"large it slows down, since long weights have small gradients.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
    curves = list(data[data["step"] > 0].groupby("rate"))
    for (rate, rows), colour in zip(curves, theme.sequence(len(curves)), strict=True):
        chosen = rows[rows["step"].isin({round(10 ** (k / 5)) for k in range(20)})]
        ax.plot(rows["step"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9)
        ax.plot(chosen["step"], chosen["length"], "o", color=colour)
        theme.label(
            ax, rows["step"].iloc[-1], rows["length"].iloc[-1], f"η = {rate:g}", colour, dx=8
        )
    ax.set(xscale="log", yscale="log", xlabel="step", ylabel="length of a unit's weights",
           xlim=(0.9, 2.2 * data["step"].max()))  # fmt: skip
    ticks = [1, 2, 5, 10]
    ax.set_yticks(ticks, labels=[f"{t}" for t in ticks])
    ax.minorticks_off()
    return figure
