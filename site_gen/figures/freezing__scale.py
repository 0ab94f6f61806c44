"""Change of outputs as the weights before batch norm are multiplied, with batch statistics and with fixed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With fixed statistics the scale of the weights counts again"
TAGS = ("freezing", "scale invariance")
CLAIMS = ("evaluation-mode-is-affine", "frozen-scale-invariance", "frozen-scale-closed-form")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run, kind of statistics and factor: root mean square change of the outputs, and its closed form for fixed statistics."""
    return (
        results["scale_change"]
        .to_dataframe()
        .join(results["scale_theory"].to_dataframe())
        .reset_index()
    )


def alt(data: pd.DataFrame) -> str:
    mean = data.groupby(["statistics", "factor"])["scale_change"].mean()
    top = data["factor"].max()
    return (
        f"With fixed statistics the change rises with the distance of the factor from 1, to {mean['running', top]:.1f} at {top:g}; with those of the batch it "
        f"stays at round-off, {mean['batch', top]:.0e} there."
    )


def caption(data: pd.DataFrame) -> str:
    return (f"Root mean square change of batch norm's outputs as the weights before it are multiplied by $a$; {data['run'].nunique()} random layers without ε. Line: "
            f"$|a - 1|\\,\\sqrt{{\\overline{{(\\gamma\\,xW/\\sigma)^2}}}}$, the mean over layers.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.4)
    for statistics, condition, what in (
        ("running", "neutral", "fixed statistics"),
        ("batch", "batch norm", "statistics of the batch"),
    ):
        rows = data[data["statistics"] == statistics]
        ax.plot(rows["factor"], rows["scale_change"], "o", color=theme.colour(condition), alpha=0.5)
        theme.label(
            ax,
            10,
            rows[rows["factor"] == 10]["scale_change"].mean(),
            what,
            theme.colour(condition),
            dx=-10,
            dy=4,
            ha="right",
        )
    slope = (data["scale_theory"] / (data["factor"] - 1).abs()).mean()
    low, high = data["factor"].min(), data["factor"].max()
    ax.plot(
        [low, 1, high],
        [slope * (1 - low), 0, slope * (high - 1)],
        color=theme.colour("theory"),
        linewidth=1,
        zorder=1.9,
    )
    ax.set(xlabel="factor a of the weights", ylabel="change of the outputs")
    return figure
