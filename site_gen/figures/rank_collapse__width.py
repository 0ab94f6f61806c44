"""Settled effective rank with batch norm by width, and by batch size in the widest network, measured and predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With batch norm about the square root of the width is left, or nearly the whole of a small batch"
TAGS = ("depth", "rank", "batch size")
CLAIMS = ("ranks-do-not-collapse", "ranks-survive-relu")
MISSING = {"theory": "the closed form is for no activation"}

NAMES = {"linear": "no activation", "relu": "ReLU"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every width and activation, and for every batch size of the widest network: mean over settled layers and networks
    with its interval, and the closed form, which is for no activation."""  # fmt: skip
    skipped, samples = int(results.attrs["skipped"]), int(results.attrs["samples"])
    rank = results["rank"].sel(norm="batch norm", layer=results["layer"] >= skipped).mean("layer")
    rows = []
    for kind in NAMES:
        for width in results["width"].values:
            law = float(results["predicted_rank"].sel(width=width)) if kind == "linear" else np.nan
            rows.append({"kind": kind, "by": "width", "width": int(width), "batch": samples, "theory": law}
                        | _interval(rank.sel(kind=kind, width=width).values))  # fmt: skip
    small = results["batch_rank"].sel(layer=results["layer"] >= skipped).mean("layer")
    widest = int(results["width"].max())
    for batch in results["batch"].values:
        row = {"kind": "linear", "by": "batch", "width": widest, "batch": int(batch)}
        row["theory"] = float(results["predicted_batch_rank"].sel(batch=batch))
        rows.append(row | _interval(small.sel(batch=batch).values))
    last = next(row for row in rows if row["kind"] == "linear" and row["width"] == widest)
    return pd.DataFrame([*rows, last | {"by": "batch"}])


def _interval(values: np.ndarray) -> dict[str, float]:
    half = student.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
    return {
        "rank": values.mean(),
        "low": values.mean() - half,
        "high": values.mean() + half,
        "runs": values.size,
    }


def _rows(data: pd.DataFrame, by: str, kind: str = "linear") -> pd.DataFrame:
    return data[(data["by"] == by) & (data["kind"] == kind)].sort_values(["width", "batch"])


def alt(data: pd.DataFrame) -> str:
    linear, relu, batch = _rows(data, "width"), _rows(data, "width", "relu"), _rows(data, "batch")
    first, last = linear.iloc[0], linear.iloc[-1]
    return (f"Two panels. Left, effective rank by width: without an activation from {first['rank']:.1f} at {first['width']} units to {last['rank']:.1f} at "
            f"{last['width']}, along a line just below the square root; with ReLU from {relu['rank'].iloc[0]:.1f} to {relu['rank'].iloc[-1]:.1f}. Right, by "
            f"batch size at {last['width']} units: from {batch['rank'].iloc[0]:.1f} for {batch['batch'].iloc[0]} samples, bending to {batch['rank'].iloc[-1]:.1f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    linear = _rows(data, "width")
    below = (linear["theory"] - linear["rank"]).agg(["min", "max"])
    return (f"Effective rank $(\\sum\\lambda)^2/\\sum\\lambda^2$ of a batch deep in random networks with batch norm. Left: batches of {linear['batch'].iloc[0]} in "
            f"networks of several widths; the line is $\\sqrt{{d}}$, and measurements without an activation lie {below['min']:.2f} to {below['max']:.2f} below it. Right: other "
            f"batch sizes, {linear['width'].iloc[-1]} units; the line is the closed form, and dots mark $m - 1$, the whole batch. Mean of {linear['runs'].iloc[0]} networks; 95 % intervals are "
            f"mostly smaller than the points.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.6)
    widths = np.geomspace(data["width"].min(), data["width"].max(), 61)
    left.plot(widths, np.sqrt(widths), color=theme.colour("theory"), linewidth=1)
    for kind, key in (("linear", "batch norm"), ("relu", "positive")):
        rows, colour = _rows(data, "width", kind), theme.colour(key)
        left.vlines(rows["width"], rows["low"], rows["high"], color=colour, linewidth=2)
        left.plot(rows["width"], rows["rank"], "o", color=colour)
        at = rows.iloc[len(rows) // 2]
        theme.label(left, at["width"], at["rank"], NAMES[kind], colour, dx=8, dy=-9)
    theme.label(left, widths[34], np.sqrt(widths[34]), "√d", theme.muted, ha="right", dx=-4, dy=7)
    left.set(
        xscale="log",
        yscale="log",
        xlabel="width d",
        ylabel="effective rank",
        xlim=(0.87 * widths[0], 1.15 * widths[-1]),
    )
    ticks = sorted(_rows(data, "width")["width"])
    left.set_xticks(ticks, [str(w) for w in ticks])
    ranks = [
        r for r in (2, 4, 8, 16, 32, 64) if data["low"].min() / 1.5 < r < data["high"].max() * 1.5
    ]
    left.set_yticks(ranks, [str(r) for r in ranks])
    left.minorticks_off()

    rows = _rows(data, "batch")
    width = float(rows["width"].iloc[0])
    samples = np.linspace(2, rows["batch"].max(), 201)
    root = 2 * np.sqrt(width)
    law = np.where(
        samples - 1 <= root, (samples - 1) / (1 + (samples - 1) ** 2 / (4 * width)), root / 2
    )
    whole = samples[samples - 1 <= 1.15 * data.loc[data["by"] == "batch", "rank"].max()]
    right.plot(whole, whole - 1, color=theme.muted, linewidth=1, linestyle=":")
    right.plot(samples, law, color=theme.colour("theory"), linewidth=1)
    right.vlines(
        rows["batch"], rows["low"], rows["high"], color=theme.colour("batch norm"), linewidth=2
    )
    right.plot(rows["batch"], rows["rank"], "o", color=theme.colour("batch norm"))
    theme.label(
        right,
        whole[-1],
        whole[-1] - 1,
        "m − 1",
        theme.muted,
        ha="right",
        dx=-4,
        dy=-2,
        weight="normal",
    )
    right.set(xlabel="batch size m", ylim=(0, None), xlim=(0, 1.03 * samples[-1]))
    return figure
