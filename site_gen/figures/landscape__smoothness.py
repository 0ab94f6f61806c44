"""The effective smoothness through training, also with short weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import summary
from experiments.studies.landscape import SHORT
from site_gen.theme import Theme

TITLE = "The same function with shorter weights is less smooth"
TAGS = ("landscape", "gradients", "size of the weights")
CLAIMS = ("smoothness-is-of-the-function",)

# Condition → its colour and the form of its line.
LINES = {
    "none": ("none", "-"),
    "batch norm": ("batch norm", "-"),
    SHORT: ("batch norm", (0, (4, 2))),
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition, rate and step: the geometric mean over runs, with its interval."""
    found = summary(np.log(results["smoothness"]))
    columns = ["smoothness", "low", "high"]
    return found.assign(**np.exp(found[columns]))


def alt(data: pd.DataFrame) -> str:
    start = data[(data["step"] == 0) & (data["rate"] == data["rate"].min())]
    means = start.set_index("condition")["smoothness"]
    said = ", ".join(f"{condition} {means[condition]:.0f}" for condition in LINES)
    return (
        "Two panels of lines over training steps, one for each learning rate. Effective smoothness "
        f"before training, along steps of the smaller rate: {said}."
    )


def caption(data: pd.DataFrame) -> str:
    return (
        "$\\max_s \\lVert \\nabla L(x) - \\nabla L(x - s g) \\rVert / \\lVert s g \\rVert$ over $s$ "
        "from half to four times the learning step: less is smoother. Dashed: batch norm with "
        "shorter hidden weights, which compute the same at the start, up to $\\varepsilon$. "
        f"Geometric mean of {data['runs'].iloc[0]} paired runs with 95 % intervals."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    # panel, condition, name, place along the line in quarters, and how far above it in points
    labels = (
        (0, SHORT, SHORT, 2, 12),
        (0, "none", "without", 0, -12),
        (1, "none", "without", 2, 13),
        (1, "batch norm", "batch norm", 2, -12),
    )
    for panel, (ax, rate) in enumerate(zip(axes, sorted(data["rate"].unique()), strict=True)):
        for condition, (colour, line) in LINES.items():
            rows = data[(data["condition"] == condition) & (data["rate"] == rate)]
            theme.curve(ax, rows, "step", "smoothness", colour, linestyle=line)
            for _, _, name, quarter, dy in [one for one in labels if one[:2] == (panel, condition)]:
                at = rows.iloc[quarter * len(rows) // 4][["step", "smoothness"]]
                ha, dx = ("center", 0) if quarter else ("left", 6)
                theme.label(ax, *at, name, colour, ha=ha, dx=dx, dy=dy)
        ax.set(yscale="log", title=f"learning rate {rate:g}", xlabel="training step")
        theme.ticks(ax, y=(3, 10, 30))
    axes[0].set_ylabel("effective smoothness")
    return figure
