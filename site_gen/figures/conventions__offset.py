"""Error of the float32 batch variance against the distance of the data from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "In one pass, the variance of data far from zero is lost"
TAGS = ("conventions", "precision", "float32")
CLAIMS = ("float32-variance-is-safe",)
MISSING = {"output_std": "a framework that finds a variance below zero puts out no number"}

LINES = {"Flax linen": ("layer norm", "Flax, by default"), "Keras on PyTorch": ("none", "Keras on PyTorch"),
         "Keras on NumPy": ("gradient", "Keras on NumPy"), "PyTorch": ("batch norm", "PyTorch")}  # fmt: skip
FLOOR = 1e-8  # an error below it is drawn there
UNIT = 2.0**-24  # unit round-off of float32


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every framework and offset: the variance found over the true one, and its relative error."""
    table = results[["variance_ratio", "finite", "output_std"]].to_dataframe().reset_index()
    distance = results["distance"].to_series()
    table = table.assign(
        distance=table["offset"].map(distance), error=np.abs(table["variance_ratio"] - 1)
    )
    return table.assign(one_pass_theory=UNIT * np.square(table["distance"]))


def _worst(data: pd.DataFrame, source: str) -> float:
    return float(data[data["source"] == source]["error"].max())


def alt(data: pd.DataFrame) -> str:
    return (f"On logarithmic axes the error of Flax's default and of Keras on PyTorch and NumPy rises along a line of slope two to {_worst(data, 'Flax linen'):.1g} "
            f"and {_worst(data, 'Keras on PyTorch'):.0f}; that of the other frameworks stays below {_worst(data, 'PyTorch') * 2:.0e}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    negative, lost = (
        (data["variance_ratio"] < 0).sum(),
        data[data["finite"] == 0]["source"].nunique(),
    )
    return (f"Relative error of the variance of a float32 batch of standard deviation near 1 as its mean moves away from zero. Line: $u\\kappa^2$ with "
            f"$u = 2^{{-24}}$, the size of one rounding in $\\overline{{x^2}}$. Variances that came out negative: {negative}; variants that then put out "
            f"values that are not numbers: {lost}. Two passes, and PyTorch, have no such error. Errors below {FLOOR:.0e} are drawn there; "
            f"Flax nnx, not drawn, equals Flax linen.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.8)
    line = data[data["source"] == data["source"].iloc[0]].sort_values("distance")
    ax.plot(
        line["distance"],
        line["one_pass_theory"],
        color=theme.colour("theory"),
        linewidth=1,
        zorder=1.9,
    )
    for source, rows in data.groupby("source", sort=False):
        if source not in LINES and source != "Flax nnx":
            ax.plot(
                rows["distance"],
                np.maximum(rows["error"], FLOOR),
                "o",
                color=theme.colour("neutral"),
                alpha=0.6,
            )
    for source, (condition, _) in LINES.items():
        rows = data[data["source"] == source]
        ax.plot(
            rows["distance"],
            np.maximum(rows["error"], FLOOR),
            "o-",
            color=theme.colour(condition),
            linewidth=1,
        )
    x = line["distance"].iloc[0]
    for k, (condition, name) in enumerate(LINES.values()):
        if name != "PyTorch":
            theme.label(ax, x, 30, name, theme.colour(condition), dx=0, dy=-15 * k)
    theme.label(ax, x, line["one_pass_theory"].iloc[0], "uκ²", theme.colour("theory"), dx=8, dy=15,
                weight="normal")  # fmt: skip
    theme.label(
        ax, line["distance"].iloc[-4], 8e-7, "PyTorch", theme.colour("batch norm"), dx=0, dy=8
    )
    theme.label(
        ax,
        x,
        FLOOR / 8,
        "ONNX, Flax in two passes, Keras on JAX, this site",
        theme.colour("neutral"),
        dx=0,
        weight="normal",
    )
    ax.set(xscale="log", yscale="log", ylim=(FLOOR / 30, 100), xlabel="largest |x| over the standard deviation, κ",
           ylabel="error of the variance")  # fmt: skip
    return figure
