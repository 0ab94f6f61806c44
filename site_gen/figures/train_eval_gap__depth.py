"""Standard deviation in eval mode after many normalizations, with and without Bessel's correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With depth, the two conventions for the running variance drift apart"
TAGS = ("train and eval", "depth", "conventions")
CLAIMS = ("converged-means-equal", "bessel-does-not-matter", "unbiased-is-more-accurate")

BATCH = 64
PANELS = {"fresh_std": "normalizations in a row", "network_std": "dense, batch norm, ReLU blocks"}
COLOURS = {"unbiased": "negative", "biased": "positive"}
NAMES = {"unbiased": "with Bessel’s correction\n(PyTorch)", "biased": "without\n(Keras, Flax)"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every setting, convention and layer: mean over runs with its 95 % interval, and the closed form."""
    rows = []
    for setting in PANELS:
        for convention in results["convention"].values:
            at = results.sel(convention=convention, batch=BATCH)
            for layer in results["layer"].values:
                runs = at[setting].sel(layer=layer).values
                half = student.ppf(0.975, runs.size - 1) * runs.std(ddof=1) / np.sqrt(runs.size)
                rows.append({"setting": setting.removesuffix("_std"), "convention": str(convention), "batch": BATCH,
                             "layer": int(layer), "std": runs.mean(), "low": runs.mean() - half, "high": runs.mean() + half,
                             "theory": float(at[f"{setting}_theory"].sel(layer=layer)), "runs": runs.size})  # fmt: skip
    return pd.DataFrame(rows)


def _deepest(data: pd.DataFrame, setting: str) -> dict[str, float]:
    rows = data[(data["setting"] == setting) & (data["layer"] == data["layer"].max())]
    return dict(zip(rows["convention"], rows["std"], strict=True))


def alt(data: pd.DataFrame) -> str:
    row, network, layers = _deepest(data, "fresh"), _deepest(data, "network"), data["layer"].max()
    return (f"Left: with the correction the standard deviation in eval mode falls steadily from 1 to {row['unbiased']:.2f} at layer "
            f"{layers}; without, it stays at {row['biased']:.3f}. Right, in a random network: with the correction it dips and ends "
            f"at {network['unbiased']:.2f}, without it rises to {network['biased']:.2f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Standard deviation of the normalized units in eval mode, over fresh data, batch size {BATCH}; in training mode it is exactly 1 on every batch. "
            f"Points: means of {data['runs'].iloc[0]} runs with 95 % intervals; lines: the closed forms "
            f"$\\left(\\frac{{m-1}}{{m}}\\right)^{{(l-1)/2}}$ and $\\sqrt{{m/(m-1)}}$, which hold for normalizations in a row and "
            f"are drawn on the right for comparison.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.7, sharey=True)
    for ax, (setting, title) in zip(axes, PANELS.items(), strict=True):
        ax.axhline(1, color=theme.colour("truth"), linewidth=1, linestyle=":")
        for convention in ("biased", "unbiased"):
            rows = data[
                (data["setting"] == setting.removesuffix("_std"))
                & (data["convention"] == convention)
            ]
            colour = theme.colour(COLOURS[convention])
            ax.plot(
                rows["layer"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
            )
            ax.errorbar(rows["layer"], rows["std"], [rows["std"] - rows["low"], rows["high"] - rows["std"]], fmt="o",
                        color=colour, elinewidth=1)  # fmt: skip
        ax.set(title=title, xlabel="layer", xticks=[1, 5, 10, 15, 20])
    left, right = axes
    layers = data["layer"].max()
    theme.label(
        left,
        1.5,
        _deepest(data, "fresh")["biased"],
        NAMES["biased"],
        theme.colour("positive"),
        dx=0,
        dy=19,
    )
    theme.label(
        left,
        1.5,
        _deepest(data, "fresh")["unbiased"],
        NAMES["unbiased"],
        theme.colour("negative"),
        dx=0,
        dy=6,
    )
    theme.label(
        left,
        layers,
        1,
        "training mode",
        theme.colour("truth"),
        ha="right",
        dx=0,
        dy=-9,
        weight="normal",
    )
    theme.label(right, layers * 0.6, 1.11, "without", theme.colour("positive"), ha="right", dx=0)
    theme.label(right, layers * 0.7, 0.94, "with", theme.colour("negative"), ha="right", dx=0)
    left.set_ylabel("standard deviation in eval mode")
    return figure
