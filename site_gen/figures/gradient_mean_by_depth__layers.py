"""The bias of gradients by layer, before and through training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "At activations, the bias of gradients falls towards the output without batch norm and rises with it"
TAGS = ("gradients", "depth", "internal covariate shift")
CLAIMS = ("deeper-gradients-more-biased",)

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
KINDS = {"bias": "weights: share of the mean", "ratio": "activation’s input: mean over std"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Both numbers, mean over runs with its interval, by network, layer and time; through training is the mean of the readings after step 0."""
    rows = []
    for kind in KINDS:
        for norm in LABELS:
            for time, steps in (
                ("before training", slice(0, 1)),
                ("through training", slice(1, None)),
            ):
                read = results[kind].sel(norm=norm).isel(step=steps).mean("step")
                for layer in results["layer"].values:
                    values = read.sel(layer=layer).values
                    half = (
                        student.ppf(0.975, values.size - 1)
                        * values.std(ddof=1)
                        / np.sqrt(values.size)
                    )
                    rows.append({"kind": kind, "network": norm, "time": time, "layer": int(layer), "value": values.mean(),
                                 "low": values.mean() - half, "high": values.mean() + half, "runs": values.size})  # fmt: skip
    return pd.DataFrame(rows)


def alt(data: pd.DataFrame) -> str:
    at = data[data["time"] == "through training"].set_index(["kind", "network", "layer"])["value"]
    first, last = data["layer"].min(), data["layer"].max()
    told = [
        f"{title}, {LABELS[norm]} from {at[kind, norm, first]:.2g} to {at[kind, norm, last]:.2g}"
        for kind, title in KINDS.items()
        for norm in LABELS
    ]
    return f"Bias of the gradient from the first hidden layer to the last, through training: {'; '.join(told)}."


def caption(data: pd.DataFrame) -> str:
    return (f"By hidden layer, from the data to the output. Left: $‖E g‖²/E‖g‖²$ of the samples’ contributions $g$ to the gradient of the layer’s weights. Right: at the input of the "
            f"activation, the length of the mean over samples in parts of the standard deviation. Means of {data['runs'].iloc[0]} runs with 95 % bands; dashed before "
            f"training, solid the mean over the readings during it.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.8)
    for ax, (kind, title) in zip(axes, KINDS.items(), strict=True):
        for (network, time), rows in data[data["kind"] == kind].groupby(["network", "time"]):
            colour = theme.colour(network)
            theme.band(ax, rows["layer"], rows["low"], rows["high"], colour)
            ax.plot(
                rows["layer"],
                rows["value"],
                "o",
                linestyle="--" if time == "before training" else "-",
                color=colour,
            )
        top = data.loc[data["kind"] == kind, "high"].max()
        ax.set(
            xlabel="hidden layer",
            title=title,
            ylim=(0, 1.35 * top),
            xticks=sorted(data["layer"].unique()),
        )
    for network, y in (("none", 0.94), ("batch norm", 0.86)):
        theme.label(
            axes[0],
            0.03,
            y,
            LABELS[network],
            theme.colour(network),
            transform="axes fraction",
            dx=0,
        )
    return figure
