"""Error of a half-precision layer, folded and not, by its running variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Large running variances, not small ones, cost a folded half-precision layer its digits"
TAGS = ("deployment", "folding", "precision", "float16")
CLAIMS = ("small-running-variances-break-folding",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run and scale: running variance and the errors of both forms."""
    table = (
        results[["scale_unfolded_error", "scale_folded_error", "scale_theory"]]
        .to_dataframe()
        .reset_index()
    )
    return table.assign(running_variance=np.square(table["scale"]))


def _at(data: pd.DataFrame, scale: float, form: str) -> float:
    return float(data[data["scale"] == scale][f"scale_{form}_error"].mean())


def alt(data: pd.DataFrame) -> str:
    low, high = data["scale"].min(), data["scale"].max()
    return (f"The errors of both forms lie near each other, {_at(data, low, 'folded'):.1g} folded and {_at(data, low, 'unfolded'):.1g} not at the smallest running "
            f"variance, until at the largest the folded one is {_at(data, high, 'folded') / _at(data, high, 'unfolded'):.1f} times the other.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (
        f"Root mean square error in float16 against exact arithmetic on the same stored numbers; {data['run'].nunique()} random layers with inputs of "
        f"standard deviation {data['scale'].min():g} to {data['scale'].max():g}. Line: the error if all folded weights are subnormal numbers, "
        f"$2^{{-24}}$ apart."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.4)
    shown = data.groupby("running_variance", as_index=False).mean(numeric_only=True)
    line = shown[shown["running_variance"] >= 1]
    ax.plot(
        line["running_variance"],
        line["scale_theory"],
        color=theme.colour("theory"),
        linewidth=1,
        zorder=1.9,
    )
    for name, condition in (("unfolded", "batch norm"), ("folded", "none")):
        column = f"scale_{name}_error"
        ax.plot(
            data["running_variance"], data[column], ".", color=theme.colour(condition), alpha=0.3
        )
        ax.plot(
            shown["running_variance"],
            shown[column],
            "o-",
            color=theme.colour(condition),
            linewidth=1,
        )
    last, where = shown.iloc[-1], line.iloc[1]
    theme.label(
        ax, last["running_variance"], last["scale_folded_error"], "folded", theme.colour("none"), dx=0, dy=12, ha="right"
    )  # fmt: skip
    theme.label(
        ax, 1, shown["scale_unfolded_error"].max(), "with batch norm", theme.colour("batch norm"), dx=0, dy=14, ha="center"
    )  # fmt: skip
    theme.label(
        ax, where["running_variance"], where["scale_theory"], "underflow of weights", theme.colour("theory"), dx=-8, dy=5, ha="right",
        weight="normal",
    )  # fmt: skip
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="running variance",
        ylabel="error of the output",
        ylim=(1e-6, 1e-2),
    )
    return figure
