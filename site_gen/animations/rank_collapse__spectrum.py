"""The eigenvalues of a batch, in order, as it passes through layer after layer, with and without batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "Without batch norm one eigenvalue takes all; with it many share"
TAGS = ("depth", "rank", "spectrum")
MISSING = {"theory": "the closed form is for batch norm"}

NORMS = {"none": "without batch norm", "batch norm": "with batch norm"}
FRAMES = 64
HOLD = 12  # frames on which the end stands still
FLOOR = 1e-6  # smallest share that is drawn


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every norm, layer and place in the order: share of the sum, geometric mean over networks; and the closed form with batch norm."""
    shares = results["shares"]
    table = (
        np.exp(np.log(np.maximum(shares.astype(float), 1e-12)).mean("run"))
        .to_dataframe(name="share")
        .reset_index()
    )
    rank = (1 / (shares.astype(float) ** 2).sum("index")).median("run").to_series()
    table["rank"] = rank.loc[list(zip(table["norm"], table["shown"], strict=True))].values
    table["theory"] = np.where(
        table["norm"] == "batch norm", results["predicted_shares"].values[table["index"]], np.nan
    )
    table = table.rename(columns={"shown": "layer", "index": "place"}).assign(
        place=table["index"] + 1
    )
    table = table.assign(order=(table["norm"] == "batch norm").astype(int)).sort_values(
        ["order", "layer", "place"]
    )
    return (
        table.drop(columns="order")
        .assign(runs=results.sizes["run"], width=int(results.attrs["widest"]))
        .reset_index(drop=True)
    )


def _end(data: pd.DataFrame, norm: str) -> pd.Series:
    return data[
        (data["norm"] == norm) & (data["layer"] == data["layer"].max()) & (data["place"] == 1)
    ].iloc[0]


def alt(data: pd.DataFrame) -> str:
    plain, norm = _end(data, "none"), _end(data, "batch norm")
    return (f"Animation: {data['place'].max()} eigenvalues in falling order on a logarithmic axis, from the input to layer {data['layer'].max()}. Without batch norm all but "
            f"the first sink out of the picture, and the effective rank falls to {plain['rank']:.1f}. With batch norm they come to rest on a curve, at a rank of {norm['rank']:.1f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Eigenvalues of a batch's second moments as shares of their sum, layer by layer through linear networks of {data['width'].iloc[0]} units. Geometric mean "
            f"of {data['runs'].iloc[0]} networks for each place in the order; the number is the median effective rank. Line: the closed form for wide layers.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme import Animation

    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    layers, places = sorted(data["layer"].unique()), int(data["place"].max())
    tables = {key: rows.sort_values("place") for key, rows in data.groupby(["norm", "layer"])}
    artists, drawn = [], []
    for ax, (norm, title) in zip(axes, NORMS.items(), strict=True):
        colour = theme.colour(norm)
        if norm == "batch norm":
            law = tables[norm, layers[0]]
            law = law[law["theory"] > FLOOR]
            ax.plot(
                law["place"], law["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
            )
        (points,) = ax.plot([], [], "o", color=colour, markersize=4.5)
        label = theme.label(
            ax, 0.97, 0.93, "", theme.ink, transform="axes fraction", ha="right", dx=0, size="large"
        )
        ax.set(
            yscale="log",
            xlim=(0, places + 1),
            ylim=(FLOOR, 1.6),
            xlabel="eigenvalue, from the largest",
            title=title,
        )
        artists += [points, label]
        drawn.append((norm, points, label))
    axes[0].set(ylabel="share of the sum")

    def update(i: int) -> None:
        layer = layers[round(min(i / (FRAMES - 1), 1) * (len(layers) - 1))]
        for norm, points, label in drawn:
            rows = tables[norm, layer]
            seen = rows[rows["share"] > FLOOR]
            points.set_data(seen["place"], seen["share"])
            label.set_text(f"layer {layer}, rank {rows['rank'].iloc[0]:.1f}")

    return Animation(figure, artists, FRAMES + HOLD, update, fps=10, poster=FRAMES + HOLD - 1)
