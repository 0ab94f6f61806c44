"""The cosine between a layer's gradient before and after the layers before it step, by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "When the layers before step, gradients turn: in most layers with batch norm from the start, without it once learning begins"
TAGS = ("internal covariate shift", "gradients")
CLAIMS = ("covariate-shift-not-reduced",)

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
CASE = "sigmoids, main rate"


def data(results: xr.Dataset) -> pd.DataFrame:
    """Quartiles over runs of the cosine, by layer, network and step, at the main rate."""
    at = results.sel(case=CASE)
    at = at.sel(
        step=at["loss"].notnull().all(["norm", "run"]),
        layer=at["cosine"].notnull().any(["norm", "step", "run"]),
    )
    rows = []
    for layer in at["layer"].values:
        for norm in LABELS:
            for step in at["step"].values:
                low, middle, high = (
                    at["cosine"]
                    .sel(layer=layer, norm=norm, step=step)
                    .quantile([0.25, 0.5, 0.75])
                    .values
                )
                rows.append({"layer": int(layer), "network": norm, "step": int(step), "cosine": middle, "low": low, "high": high,
                             "runs": at.sizes["run"]})  # fmt: skip
    return pd.DataFrame(rows)


def alt(data: pd.DataFrame) -> str:
    first = data[data["step"] == 0].groupby("network")["cosine"].mean()
    lowest = data[data["step"] > 0].groupby(["layer", "network"])["cosine"].min()
    told = [
        f"layer {layer}: {lowest[layer, 'none']:.2f} without batch norm and {lowest[layer, 'batch norm']:.2f} with"
        for layer in data["layer"].unique()
    ]
    return (f"The cosine between gradients before and after, over training, one panel a layer. Before the first step it is {first['none']:.2f} without and "
            f"{first['batch norm']:.2f} with batch norm, the mean of the layers. After that the lowest medians are, {'; '.join(told)}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"The cosine between the gradient of a layer’s weights and the same gradient after the layers before it have taken their step, on the same batch: $1$ is no "
            f"turn. Medians and quartiles of {data['runs'].iloc[0]} runs. Without batch norm it is near $1$ on the plateau, and falls when learning begins.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    layers = data["layer"].unique()
    figure, axes = theme.figure(cols=len(layers), height=3.4, sharey=True)
    for ax, layer in zip(axes, layers, strict=True):
        for network, rows in data[(data["layer"] == layer) & (data["step"] > 0)].groupby("network"):
            theme.band(ax, rows["step"], rows["low"], rows["high"], theme.colour(network))
            ax.plot(rows["step"], rows["cosine"], color=theme.colour(network))
        ax.set(xscale="log", xlabel="training steps", title=f"layer {layer} of {layers[-1]}")
    axes[0].set(ylabel="cosine of the two gradients", ylim=(min(0, data["low"].min()) - 0.02, 1.05))
    for network, y in (("none", 0.14), ("batch norm", 0.05)):
        theme.label(
            axes[0],
            0.04,
            y,
            LABELS[network],
            theme.colour(network),
            transform="axes fraction",
            dx=0,
        )
    return figure
