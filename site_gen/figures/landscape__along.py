"""Loss and gradient along the gradient through training, with and without batch norm, at two rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.results import rows
from site_gen.theme import Theme

TITLE = (
    "Along the gradient the loss varies less with batch norm where the steps are large, not where "
    "they are small"
)
TAGS = ("landscape", "gradients", "learning rates")
CLAIMS = ("bn-smooths-the-landscape",)

NAMES = {"none": "without", "batch norm": "batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Range of the loss and change of the gradient by condition, rate and step: geometric means."""
    of = results[["loss", "lowest", "highest", "change"]].sel(condition=list(NAMES))
    means = np.exp(np.log(of).mean("run"))
    return rows(*means.values()).assign(runs=results.sizes["run"])


def alt(data: pd.DataFrame) -> str:
    small, large = data["rate"].min(), data["rate"].max()
    end = data[data["step"] == data["step"].max()].set_index(["condition", "rate"])
    width = (end["highest"] - end["lowest"]).map("{:.2g}".format)
    return (
        "Four panels over training steps. Top: the band of losses along the gradient; at the end it "
        f"is {width['none', large]} wide without and {width['batch norm', large]} with batch norm at "
        f"a rate of {large:g}, and {width['none', small]} and {width['batch norm', small]} at "
        f"{small:g}. Bottom: the largest change of the gradient."
    )


def caption(data: pd.DataFrame) -> str:
    return (
        "At some steps of training, the loss of a batch is followed against its own gradient from "
        "half to four times the learning step. Top: lowest to highest loss on the way, in nats; "
        "bottom: largest change of the gradient, "
        "$\\max \\lVert \\nabla L(x) - \\nabla L(x - s g) \\rVert$. "
        f"Geometric means of {data['runs'].iloc[0]} paired runs; logarithmic scales."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    rates = sorted(data["rate"].unique())
    figure, axes = theme.figure(2, len(rates), 5.2, sharex=True, sharey="row", squeeze=False)
    for (top, bottom), rate in zip(axes.T, rates, strict=True):
        for condition in NAMES:
            of = data[(data["condition"] == condition) & (data["rate"] == rate)]
            _losses(top, of, condition, theme)
            # where there is room for a label: the lines cross at the smaller rate
            part = 2 if rate > rates[0] else 4 if condition == "none" else 3
            up = condition == "none" or rate == rates[0]
            theme.curve(bottom, of, "step", "change", condition)
            _label(bottom, of.iloc[len(of) // part], "change", condition, 13 if up else -12, theme)
        top.set(yscale="log", title=f"learning rate {rate:g}")
        bottom.set(yscale="log", xlabel="training step")
        top.margins(y=0.12)
        bottom.margins(y=0.12)
    axes[0, 0].set_ylabel("loss along the gradient")
    axes[1, 0].set_ylabel("change of the gradient")
    return figure


def _losses(ax: Axes, of: pd.DataFrame, condition: str, theme: Theme) -> None:
    """The band from the lowest to the highest loss, with its edges and its name."""
    theme.band(ax, of["step"], of["lowest"], of["highest"], condition)
    for edge in ("lowest", "highest"):
        theme.curve(ax, of, "step", edge, condition, linewidth=1)
    edge, dy = ("highest", 10) if condition == "none" else ("lowest", -11)
    _label(ax, of.iloc[len(of) // 2], edge, condition, dy, theme)


def _label(ax: Axes, row: pd.Series, y: str, condition: str, dy: float, theme: Theme) -> None:
    place = {"ha": "center", "dx": 0, "dy": dy}
    theme.label(ax, row["step"], row[y], NAMES[condition], condition, **place)
