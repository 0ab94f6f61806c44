"""What enters the running variance after one batch, by batch size and framework."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Only PyTorch averages the unbiased variance"
TAGS = ("conventions", "running statistics", "batch size")
CLAIMS = ("frameworks-agree-on-the-variance", "running-variance-is-unbiased")

SHOWN = {"PyTorch": ("batch norm", "o", 1.0), "Keras on JAX": ("none", "s", 2.2), "Flax linen": ("layer norm", "o", 1.4),
         "ONNX": ("group norm", "x", 1.0)}  # fmt: skip  # colour, marker, size: the last three lie on top of each other


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every framework and batch size, and the closed form for it."""
    table = results["factor"].dropna("size", how="all").to_dataframe().reset_index()
    unbiased = results["factor_theory"].sel(variance="unbiased", drop=True).to_series()
    biased = results["factor_theory"].sel(variance="biased", drop=True).to_series()
    theory = (
        table["size"]
        .map(unbiased)
        .where(table["framework"] == "PyTorch", table["size"].map(biased))
    )
    return table.rename(columns={"size": "batch"}).assign(theory=theory)


def _at(data: pd.DataFrame, framework: str, batch: int) -> float:
    return float(
        data[(data["framework"] == framework) & (data["batch"] == batch)]["factor"].iloc[0]
    )


def alt(data: pd.DataFrame) -> str:
    small, large = data["batch"].min(), data["batch"].max()
    return (f"A falling curve, PyTorch, from {_at(data, 'PyTorch', small):.2f} at a batch of {small} to "
            f"{_at(data, 'PyTorch', large):.3f} at {large}; Keras, Flax and ONNX stay on a level line at 1.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    off = np.abs(data["factor"] / data["theory"] - 1).max()
    return (f"What one batch adds to the running variance, over the variance that the batch itself is divided by, from running each framework with its "
            f"defaults. Lines: $m/(m-1)$ and 1; all {data['framework'].nunique()} variants that were run lie within {off:.0e} of one of them "
            f"(the CSV has them all).")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.4)
    m = np.geomspace(data["batch"].min(), data["batch"].max(), 100)
    for line in (m / (m - 1), np.ones_like(m)):
        ax.plot(m, line, color=theme.colour("theory"), linewidth=1, zorder=1.9)
    for framework, (condition, marker, scale) in SHOWN.items():
        rows, colour = data[data["framework"] == framework], theme.colour(condition)
        size = scale * ax.figure.get_dpi() / 20
        ax.plot(rows["batch"], rows["factor"], marker, color=colour, markersize=size, fillstyle="full" if scale < 1.2 else "none",
                linestyle="none")  # fmt: skip
    at = data[data["framework"] == "PyTorch"].iloc[1]
    theme.label(
        ax, at["batch"], at["factor"], "PyTorch: m/(m − 1)", theme.colour("batch norm"), dx=12, dy=6
    )
    x = data["batch"].min()
    for k, (name, condition) in enumerate(
        {"Keras": "none", "Flax": "layer norm", "ONNX": "group norm"}.items()
    ):
        theme.label(ax, x, 1, name, theme.colour(condition), dx=-6 + 44 * k, dy=-19)
    theme.label(ax, x, 1, "biased", theme.colour("theory"), dx=126, dy=-19, weight="normal")
    sizes = sorted(data["batch"].unique())
    ax.set(xscale="log", ylim=(0.8, 2.08), xlabel="batch size m", ylabel="running / batch variance")
    ax.set_xticks(sizes, [str(m) for m in sizes])
    ax.minorticks_off()
    return figure
