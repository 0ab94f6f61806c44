"""What ten layers of sigmoids put out as the network trains, without batch norm and with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "Without batch norm ten layers of sigmoids do not learn, saturated or not; with it they do"
TAGS = ("saturation", "training", "distributions")

PANELS = {("none", "usual"): "without, usual weights", ("none", "large"): "without, large weights", ("batch norm", "large"): "batch norm, large weights"}  # fmt: skip
HOLD = 34  # frames on which the end stands still
HEIGHT = 0.9  # of a histogram's tallest bin that is not cut off, in layers


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every panel, step, layer and bin: the share of the layer's outputs in the bin."""
    tables = [
        results["histogram"]
        .astype(float)
        .sel(norm=norm, size=size, drop=True)
        .transpose("step", "layer", "bin")
        .to_dataframe(name="share")
        .reset_index()
        .assign(norm=norm, size=size)
        for norm, size in PANELS
    ]
    return pd.concat(tables, ignore_index=True)[["norm", "size", "step", "layer", "bin", "share"]]


def _middle(data: pd.DataFrame, norm: str, size: str) -> float:
    """The share of the last layer's outputs between a quarter and three quarters at the end."""
    rows = data[
        (data["norm"] == norm) & (data["size"] == size) & (data["layer"] == data["layer"].max())
    ]
    rows = rows[(rows["step"] == rows["step"].max()) & rows["bin"].between(0.25, 0.75)]
    return float(rows["share"].sum())


def alt(data: pd.DataFrame) -> str:
    told = [f"{name}, {_middle(data, norm, size):.0%}" for (norm, size), name in PANELS.items()]
    return (f"Animation: histograms of the outputs of {data['layer'].max()} layers of sigmoids over {data['step'].max()} training steps. In the last "
            f"layer at the end, so much of the outputs lie between a quarter and three quarters: {'; '.join(told)}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Outputs of every hidden layer on the same test images, in {data['bin'].nunique()} bins from 0 to 1, as the network trains. A histogram's "
            f"height is cut where the next one begins. Left, none of the units is saturated; middle, many are; "
            f"right, the same large weights as in the middle, with batch norm.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from matplotlib.collections import PolyCollection

    from site_gen.theme import Animation

    figure, axes = theme.figure(cols=len(PANELS), height=4.2, sharey=True)
    steps, layers, bins = (sorted(data[name].unique()) for name in ("step", "layer", "bin"))
    width = bins[1] - bins[0]
    left = np.array(bins) - width / 2
    polygons, tables = [], []
    for ax, ((norm, size), name) in zip(axes, PANELS.items(), strict=True):
        rows = data[(data["norm"] == norm) & (data["size"] == size)].sort_values(
            ["step", "layer", "bin"]
        )
        tables.append(rows["share"].to_numpy().reshape(len(steps), len(layers), len(bins)))
        colour = theme.colour(norm)
        polygon = PolyCollection([], facecolor=colour, edgecolor=theme.paper, linewidth=0.4)
        ax.add_collection(polygon)
        polygons.append(polygon)
        ax.set(
            title=name,
            xlim=(0, 1),
            ylim=(layers[0] - 0.2, layers[-1] + 1.6),
            xticks=[0, 0.5, 1],
            yticks=layers,
        )
        ax.set_xticklabels(["0", "½", "1"])
        ax.grid(False, axis="x")
    axes[0].set_ylabel("layer")
    axes[1].set_xlabel("output of the sigmoid")
    label = theme.label(axes[0], 0.04, 0.965, "", theme.ink, transform="axes fraction", dx=0)

    def update(i: int) -> None:
        now = min(i, len(steps) - 1)
        for polygon, table in zip(polygons, tables, strict=True):
            bars = []
            for layer, shares in zip(layers, table[now], strict=True):
                heights = np.minimum(shares / 0.2, 1) * HEIGHT
                bars += [
                    [(x, layer), (x, layer + h), (x + width, layer + h), (x + width, layer)]
                    for x, h in zip(left, heights, strict=True)
                    if h > 0
                ]
            polygon.set_verts(bars)
        label.set_text(f"step {steps[now]}")

    return Animation(
        figure, [*polygons, label], len(steps) + HOLD, update, fps=10, poster=len(steps) - 1
    )
