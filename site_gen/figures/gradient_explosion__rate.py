"""Growth of the squared gradient a layer against the batch size, measured and predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With batch norm gradients grow from layer to layer, at the rate that theory says"
TAGS = ("depth", "gradients", "batch size")
CLAIMS = ("gradients-grow-at-a-known-rate", "large-batches-stop-the-explosion")
MISSING = dict.fromkeys(
    ("growth", "low", "high", "limit", "runs", "least"),
    "rows of the closed form lie between those that are measured",
)

NAMES = {"relu": "ReLU", "linear": "no activation"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every activation and batch size: growth a layer with its interval, and the closed form; and rows in between that
    hold the closed form only, for a smooth line."""  # fmt: skip
    log = results["log_square"].isel(layer=slice(int(results.attrs["skipped"]), None))
    layer = log["layer"] - log["layer"].mean()
    growth = np.exp(
        -(log * layer).sum("layer") / (layer**2).sum()
    )  # exp of minus the least-squares slope
    rows = []
    for activation in results["activation"].values:
        limit = float(results["predicted_limit"].sel(activation=activation))
        for batch in results["batch"].values:
            at = growth.sel(activation=activation, batch=batch).values
            half = student.ppf(0.975, at.size - 1) * at.std(ddof=1) / np.sqrt(at.size)
            theory = float(results["predicted"].sel(activation=activation, batch=batch))
            rows.append({"activation": activation, "batch": float(batch), "growth": at.mean(), "low": at.mean() - half,
                         "high": at.mean() + half, "theory": theory, "limit": limit, "runs": at.size,
                         "least": float(results.attrs["least"])})  # fmt: skip
        line = results["predicted_line"].sel(activation=activation)
        rows += [
            {"activation": activation, "batch": float(x), "theory": float(y)}
            for x, y in zip(line["line_batch"].values, line.values, strict=True)
        ]
    return pd.DataFrame(rows).sort_values(
        ["activation", "batch"], ascending=[False, True], ignore_index=True
    )


def _measured(data: pd.DataFrame, activation: str) -> pd.DataFrame:
    return data[(data["activation"] == activation) & data["growth"].notna()]


def alt(data: pd.DataFrame) -> str:
    relu, linear = _measured(data, "relu"), _measured(data, "linear")
    first, last = relu.iloc[0], relu.iloc[-1]
    return (f"Two falling curves. With ReLU the squared gradient grows {first['growth']:.2f} times a layer at a batch of {first['batch']:.0f} and "
            f"{last['growth']:.2f} times at {last['batch']:.0f}, near its floor of {last['limit']:.3f}. Without an activation it falls from "
            f"{linear.iloc[0]['growth']:.2f} to {linear.iloc[-1]['growth']:.2f}. Points lie on the predicted lines from batches of {first['least']:.0f} on.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    found = data[data["growth"].notna()]
    held = found[found["batch"] >= found["least"]]
    worst = (held["growth"] / held["theory"] - 1).abs().max()
    return (f"How many times $\\lVert\\partial L/\\partial z\\rVert^2$ grows from a layer to the one below, in random networks with batch norm that "
            f"were not trained. Points: mean of {found['runs'].iloc[0]:.0f} networks with 95 % intervals; lines: the prediction for wide layers, "
            f"from batches of {found['least'].iloc[0]:.0f} on at most {100 * worst:.1f} % away. Hollow points: smaller batches, where averages over units do not "
            f"settle and which no claim uses. Dotted: the limit for large batches, $\\pi/(\\pi-1)$ with ReLU and 1 without.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.6)
    for activation, colour in zip(
        NAMES, (theme.colour("batch norm"), theme.colour("positive")), strict=True
    ):
        rows, points = data[data["activation"] == activation], _measured(data, activation)
        ax.plot(
            rows["batch"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
        )
        ax.axhline(points["limit"].iloc[0], color=colour, linewidth=1, linestyle=":", zorder=1.8)
        ax.vlines(points["batch"], points["low"], points["high"], color=colour, linewidth=2)
        for some, face in (
            (points[points["batch"] >= points["least"]], colour),
            (points[points["batch"] < points["least"]], theme.paper),
        ):
            ax.plot(some["batch"], some["growth"], "o", color=colour, markerfacecolor=face)
        at = points[points["batch"] >= points["least"]].iloc[0]
        theme.label(
            ax,
            at["batch"],
            at["growth"],
            NAMES[activation],
            colour,
            dx=10,
            dy=10 if activation == "relu" else 5,
        )
    relu = _measured(data, "relu")
    theme.label(
        ax,
        relu["batch"].iloc[-1],
        relu["limit"].iloc[0],
        "π/(π − 1)",
        theme.muted,
        ha="right",
        dx=0,
        dy=-9,
        weight="normal",
    )
    ticks = sorted(relu["batch"].astype(int))
    ax.set(
        xscale="log",
        xlabel="batch size B",
        ylabel="growth of ‖∂L/∂z‖² a layer",
        ylim=(0.9, data[["high", "theory"]].max().max() * 1.04),
    )
    ax.set_xticks(ticks, [str(b) for b in ticks])
    ax.minorticks_off()
    return figure
