"""Standard deviation in eval mode for one batch that never changes, by batch size and depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With Bessel’s correction the two modes differ even on the one batch they have seen"
TAGS = ("train and eval", "batch size", "conventions")
CLAIMS = ("the-gap-is-known",)
MISSING = {"std": "rows of the closed form lie between those that are measured"}

DEPTHS = (1, 5, 20)


def data(results: xr.Dataset) -> pd.DataFrame:
    """Eval mode's standard deviation over training mode's, for every convention, batch size and depth; and rows in between that
    hold the closed form only, for a smooth line."""  # fmt: skip
    depths = [layer for layer in DEPTHS if layer in results["layer"]]
    at = results.sel(layer=depths).drop_vars(["run"])
    measured = (
        at[["fixed_std", "fixed_std_theory"]]
        .median("run")
        .dropna("batch", how="all")
        .to_dataframe()
        .reset_index()
    )
    measured = measured.rename(columns={"fixed_std": "std", "fixed_std_theory": "theory"})
    between = (
        at["fixed_std_curve"]
        .dropna("curve_batch", how="all")
        .to_dataframe(name="theory")
        .reset_index()
    )
    between = between.rename(columns={"curve_batch": "batch"}).assign(convention="unbiased")
    between = between[
        ~between["batch"].isin(measured["batch"]) & (between["batch"] <= measured["batch"].max())
    ]
    table = pd.concat([measured, between]).sort_values(
        ["convention", "layer", "batch"], ascending=[False, True, True]
    )
    return (
        table[["convention", "layer", "batch", "std", "theory"]]
        .assign(runs=results.sizes["run"])
        .reset_index(drop=True)
    )


def _at(data: pd.DataFrame, layer: int, batch: int, convention: str = "unbiased") -> float:
    rows = data[
        (data["layer"] == layer) & (data["batch"] == batch) & (data["convention"] == convention)
    ]
    return float(rows["std"].iloc[0])


def alt(data: pd.DataFrame) -> str:
    small, deep = data["batch"].min(), data["layer"].max()
    return (f"Three curves rise towards 1 with the batch size, the deeper the later. At a batch of {small} they stand at "
            f"{_at(data, 1, small):.2f} after one layer and {_at(data, deep, small):.2f} after {deep}; at 64, {_at(data, deep, 64):.3f} "
            f"after {deep}. Without Bessel's correction the ratio is 1 throughout.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    error = np.abs(data["std"] / data["theory"] - 1).max()
    return (f"The same batch again and again, until the running statistics are exactly its own; then evaluated on that batch. Points: median of "
            f"{data['runs'].iloc[0]} runs, which agree to round-off; lines: $\\left(\\frac{{m-1}}{{m}}\\right)^{{l/2}}$ with Bessel's "
            f"correction and 1 without, at most {error:.0e} away.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.4)
    layers = sorted(data["layer"].unique())
    for k, (layer, colour) in enumerate(zip(layers, theme.sequence(len(layers)), strict=True)):
        rows = data[(data["layer"] == layer) & (data["convention"] == "unbiased")]
        ax.plot(
            rows["batch"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
        )
        ax.plot(rows["batch"], rows["std"], "o", color=colour)
        at = rows.dropna().iloc[min(k, rows["std"].count() - 1)]
        theme.label(
            ax,
            at["batch"],
            at["std"],
            f"{layer} layer" + ("s" if layer > 1 else ""),
            colour,
            dx=8,
            dy=-9,
        )
    biased = data[(data["layer"] == layers[-1]) & (data["convention"] == "biased")]
    ax.plot(biased["batch"], biased["std"], "o", color=theme.colour("positive"))
    ax.axhline(1, color=theme.colour("theory"), linewidth=1, zorder=1.9)
    theme.label(
        ax,
        biased["batch"].iloc[0],
        1,
        f"without the correction, {layers[-1]} layers",
        theme.colour("positive"),
        dx=0,
        dy=11,
    )
    ax.set(
        xscale="log",
        ylim=(0, 1.13),
        xlabel="batch size m",
        ylabel="eval / training standard deviation",
    )
    ax.set_xticks(biased["batch"], [str(m) for m in biased["batch"]])
    ax.minorticks_off()
    return figure
