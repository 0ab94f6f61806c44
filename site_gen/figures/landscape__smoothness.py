"""The effective smoothness through training, also with short weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The same function with shorter weights is less smooth"
TAGS = ("landscape", "gradients", "size of the weights")
CLAIMS = ("smoothness-is-of-the-function",)

LINES = {
    "none": ("none", "-"),
    "batch norm": ("batch norm", "-"),
    "batch norm, short weights": ("batch norm", (0, (4, 2))),
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition, rate and step: the geometric mean over runs, with its interval."""
    log = np.log(results["smoothness"])
    runs = results.sizes["run"]
    half = student.ppf(0.975, runs - 1) * log.std("run", ddof=1) / np.sqrt(runs)
    centre = log.mean("run")
    tables = {"smoothness": centre, "low": centre - half, "high": centre + half}
    parts = [np.exp(values).to_dataframe(name=name)[name] for name, values in tables.items()]
    return pd.concat(parts, axis=1).reset_index().assign(runs=runs)


def _start(data: pd.DataFrame, condition: str, rate: float) -> float:
    return float(
        data[(data["condition"] == condition) & (data["rate"] == rate) & (data["step"] == 0)][
            "smoothness"
        ].iloc[0]
    )


def alt(data: pd.DataFrame) -> str:
    small = data["rate"].min()
    told = ", ".join(f"{condition} {_start(data, condition, small):.0f}" for condition in LINES)
    return f"Two panels of lines over training steps, one for each learning rate. Effective smoothness before training, along steps of the smaller rate: {told}."


def caption(data: pd.DataFrame) -> str:
    return (f"$\\max_s \\lVert \\nabla L(x) - \\nabla L(x - s g) \\rVert / \\lVert s g \\rVert$ over $s$ from half to four times the learning step: less is smoother. "
            f"Dashed: batch norm with shorter hidden weights, which compute the same at the start, up to $\\varepsilon$. Geometric mean of {data['runs'].iloc[0]} paired "
            f"runs with 95 % intervals.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    rates = sorted(data["rate"].unique())
    figure, axes = theme.figure(cols=len(rates), height=3.6, sharey=True)
    for ax, rate in zip(axes, rates, strict=True):
        for condition, (key, line) in LINES.items():
            rows = data[(data["condition"] == condition) & (data["rate"] == rate)].sort_values(
                "step"
            )
            theme.band(ax, rows["step"], rows["low"], rows["high"], theme.colour(key))
            ax.plot(rows["step"], rows["smoothness"], color=theme.colour(key), linestyle=line)
        ax.set(yscale="log", title=f"learning rate {rate:g}", xlabel="training step")
        ax.set_yticks([3, 10, 30], ["3", "10", "30"])
        ax.minorticks_off()
    axes[0].set_ylabel("effective smoothness")
    first, second = (data[data["rate"] == rate] for rate in rates)
    for ax, rows, condition, name, key, at, dy in (
        (
            axes[0],
            first,
            "batch norm, short weights",
            "batch norm, short weights",
            "batch norm",
            2,
            12,
        ),
        (axes[0], first, "none", "without", "none", 0, -12),
        (axes[1], second, "none", "without", "none", 2, 13),
        (axes[1], second, "batch norm", "batch norm", "batch norm", 2, -12),
    ):
        of = rows[rows["condition"] == condition].sort_values("step")
        row = of.iloc[at * len(of) // 4]
        theme.label(
            ax,
            row["step"],
            row["smoothness"],
            name,
            theme.colour(key),
            ha="center" if at else "left",
            dx=0 if at else 6,
            dy=dy,
        )
    return figure
