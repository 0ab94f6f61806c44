"""Final training loss against the learning rate, batch norm before or after the nonlinearity, with and without γ and β."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With γ and β, before wins by a little at its best rate, after at small rates"
TAGS = ("placement", "training", "learning rates")
CLAIMS = ("batch-norm-belongs-before", "gamma-and-beta-help-training")

TITLES = {"relu": "ReLU", "sigmoid": "sigmoid"}
KEYS = {"before": "batch norm", "after": "input", "none": "none"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every activation, order, treatment of γ and β, and rate: quartiles of the final loss over runs."""
    loss = results["loss"].transpose("activation", "order", "affine", "rate", "run")
    quartiles = {
        name: np.quantile(loss.values, q, axis=4, method="nearest").ravel()
        for name, q in (("loss", 0.5), ("lower_quartile", 0.25), ("upper_quartile", 0.75))
    }
    index = pd.MultiIndex.from_product(
        [loss[d].values.tolist() for d in loss.dims[:4]], names=loss.dims[:4]
    )
    table = pd.DataFrame(quartiles, index=index).reset_index()
    return table[table["loss"].notna()].reset_index(drop=True).assign(runs=results.sizes["run"])


def _best(data: pd.DataFrame, activation: str, order: str) -> float:
    rows = data[
        (data["activation"] == activation)
        & (data["order"] == order)
        & ((data["affine"] == "with") | (order == "none"))
    ]
    return rows["loss"].min()


def alt(data: pd.DataFrame) -> str:
    told = [f"{name}: lowest loss {_best(data, key, 'before'):.2f} before, {_best(data, key, 'after'):.2f} after, {_best(data, key, 'none'):.2f} without batch norm"
            for key, name in TITLES.items()]  # fmt: skip
    return "Final loss against the learning rate. " + "; ".join(told) + "."


def caption(data: pd.DataFrame) -> str:
    return (f"Training loss at the end, networks with two hidden layers on MNIST-5k shrunk to $7 \\times 7$ pixels: median and quartiles of {data['runs'].iloc[0]} paired runs. "
            f"Solid: with $\\gamma$ and $\\beta$; dashed: without. Runs that diverge leave the panel.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.7, sharey=True)
    for ax, (activation, title) in zip(axes, TITLES.items(), strict=True):
        for (order, affine), rows in data[data["activation"] == activation].groupby(
            ["order", "affine"]
        ):
            rows = rows[np.isfinite(rows["loss"]) & np.isfinite(rows["upper_quartile"])]
            colour = theme.colour(KEYS[order])
            solid = affine == "with" or order == "none"
            theme.band(ax, rows["rate"], rows["lower_quartile"], rows["upper_quartile"], colour)
            ax.plot(
                rows["rate"],
                rows["loss"],
                "o-" if solid else "o--",
                color=colour,
                markersize=4,
                linewidth=1.6 if solid else 1.2,
            )
        rates = sorted(data["rate"].unique())
        ax.set(xscale="log", yscale="log", title=title, xlabel="learning rate", ylim=(0.3, 2.6))
        ax.set_xticks(rates, labels=[f"{rate:g}" for rate in rates])
        ax.set_yticks([0.3, 0.5, 1, 2], labels=["0.3", "0.5", "1", "2"])
        ax.minorticks_off()
    axes[0].set_ylabel("final loss (nats)")
    for k, (order, name) in enumerate(
        (("none", "no batch norm"), ("before", "before"), ("after", "after"))
    ):
        theme.label(
            axes[0],
            0.32,
            0.93 - 0.08 * k,
            name,
            theme.colour(KEYS[order]),
            transform="axes fraction",
            dx=0,
        )
    return figure
