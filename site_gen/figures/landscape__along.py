"""Loss and gradient along the gradient through training, with and without batch norm, at two learning rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Along the gradient the loss varies less with batch norm where the steps are large, not where they are small"
TAGS = ("landscape", "gradients", "learning rates")
CLAIMS = ("bn-smooths-the-landscape",)

CONDITIONS = ("none", "batch norm")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition, rate and step: geometric means over runs of how low and how high the loss gets, and of the change of the gradient."""
    of = results.sel(condition=list(CONDITIONS))[["loss", "lowest", "highest", "change"]]
    return (
        np.exp(np.log(of).mean("run"))
        .to_dataframe()
        .reset_index()
        .assign(runs=results.sizes["run"])
    )


def _range(data: pd.DataFrame, condition: str, rate: float) -> float:
    rows = data[
        (data["condition"] == condition)
        & (data["rate"] == rate)
        & (data["step"] == data["step"].max())
    ]
    return float((rows["highest"] - rows["lowest"]).iloc[0])


def alt(data: pd.DataFrame) -> str:
    small, large = data["rate"].min(), data["rate"].max()
    return (f"Four panels over training steps. Top: the band of losses along the gradient; at the end it is {_range(data, 'none', large):.2g} wide without and "
            f"{_range(data, 'batch norm', large):.2g} with batch norm at a rate of {large:g}, and {_range(data, 'none', small):.2g} and "
            f"{_range(data, 'batch norm', small):.2g} at {small:g}. Bottom: the largest change of the gradient.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"At some steps of training, the loss of a batch is followed against its own gradient from half to four times the learning step. Top: lowest to highest "
            f"loss on the way, in nats; bottom: largest change of the gradient, $\\max \\lVert \\nabla L(x) - \\nabla L(x - s g) \\rVert$. "
            f"Geometric means of {data['runs'].iloc[0]} paired runs; logarithmic scales.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    rates = sorted(data["rate"].unique())
    figure, axes = theme.figure(
        rows=2, cols=len(rates), height=5.2, sharex=True, sharey="row", squeeze=False
    )
    names = {"none": "without", "batch norm": "batch norm"}
    for (top, bottom), rate in zip(axes.T, rates, strict=True):
        for condition in CONDITIONS:
            rows = data[(data["condition"] == condition) & (data["rate"] == rate)].sort_values(
                "step"
            )
            colour = theme.colour(condition)
            theme.band(top, rows["step"], rows["lowest"], rows["highest"], colour)
            top.plot(rows["step"], rows["lowest"], color=colour, linewidth=1)
            top.plot(rows["step"], rows["highest"], color=colour, linewidth=1)
            bottom.plot(rows["step"], rows["change"], color=colour)
            middle = rows.iloc[len(rows) // 2]
            above = condition == "none"
            theme.label(top, middle["step"], middle["highest" if above else "lowest"], names[condition], colour, ha="center", dx=0, dy=10 if above else -11)  # fmt: skip
            later = rows.iloc[
                len(rows) // (2 if rate > rates[0] else 4 if condition == "none" else 3)
            ]
            up = condition == "none" or rate == rates[0]
            theme.label(bottom, later["step"], later["change"], names[condition], colour, ha="center", dx=0, dy=13 if up else -12)  # fmt: skip
        for ax in (top, bottom):
            ax.margins(y=0.12)
        top.set(yscale="log", title=f"learning rate {rate:g}")
        bottom.set(yscale="log", xlabel="training step")
    axes[0, 0].set_ylabel("loss along the gradient")
    axes[1, 0].set_ylabel("change of the gradient")
    return figure
