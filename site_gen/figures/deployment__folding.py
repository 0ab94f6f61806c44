"""Error of batch norm in half precision, folded and not, by the distance of its input from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Folding helps or hurts half precision, depending on where the offset comes from"
TAGS = ("deployment", "folding", "precision", "float16")
CLAIMS = ("folding-is-exact", "folding-loses-in-half-precision", "half-precision-error-is-rounding")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run, offset and origin of the offset: errors of both forms, and that of the unfolded one from roundings alone."""
    names = ["offset_found", "unfolded_error", "folded_error", "unfolded_theory"]
    return results[names].to_dataframe().reset_index()


def _far(data: pd.DataFrame, origin: str, form: str) -> float:
    return float(
        data[(data["origin"] == origin) & (data["offset"] == data["offset"].max())][form].mean()
    )


def alt(data: pd.DataFrame) -> str:
    return (f"On logarithmic axes the error of the layer with batch norm rises with the offset to {_far(data, 'bias', 'unfolded_error'):.2g}; folded it stays at "
            f"{_far(data, 'bias', 'folded_error'):.1g} if the offset comes from the bias, and rises to {_far(data, 'inputs', 'folded_error'):.2g} "
            f"if it comes from the inputs.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Root mean square error in float16 against exact arithmetic on the same stored numbers, as the mean before batch norm moves away from zero. Points: means of "
            f"{data['run'].nunique()} random layers, round if the offset comes from the bias, square if from the inputs. Line: the error of rounding, one by one, what the layer with batch norm stores, for an offset from the inputs.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.8)
    shown = (
        data[data["offset"] > 0]
        .groupby(["origin", "offset"], as_index=False)
        .mean(numeric_only=True)
    )
    for origin in ("bias", "inputs"):
        rows = shown[shown["origin"] == origin]
        if origin == "inputs":
            ax.plot(
                rows["offset_found"],
                rows["unfolded_theory"],
                color=theme.colour("theory"),
                linewidth=1,
                zorder=1.9,
            )
        ax.plot(
            rows["offset_found"],
            rows["unfolded_error"],
            "o" if origin == "bias" else "s",
            color=theme.colour("batch norm"),
        )
    for origin in ("bias", "inputs"):
        rows = shown[shown["origin"] == origin]
        ax.plot(
            rows["offset_found"],
            rows["folded_error"],
            "o-" if origin == "bias" else "s-",
            color=theme.colour("none"),
            linewidth=1,
        )
    x, top = shown["offset_found"].min(), shown["folded_error"].max()
    theme.label(ax, x, top, "folded, offset from the inputs", theme.colour("none"), dx=0)
    theme.label(
        ax, x, top, "with batch norm, either origin", theme.colour("batch norm"), dx=0, dy=-16
    )
    last = shown[(shown["origin"] == "bias")].iloc[-1]
    theme.label(
        ax,
        last["offset_found"],
        last["folded_error"],
        "folded, offset from the bias",
        theme.colour("none"),
        dx=0,
        dy=12,
        ha="right",
    )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="mean over standard deviation before batch norm",
        ylabel="error of the output",
    )
    return figure
