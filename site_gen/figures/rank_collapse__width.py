"""Settled effective rank with batch norm by width, and by batch size in the widest network."""

import numpy as np
import pandas as pd

from experiments.results import summary
from experiments.theory.depth import batch_norm_rank

TITLE = (
    "With batch norm about the square root of the width is left, "
    "or nearly the whole of a small batch"
)
TAGS = ("depth", "rank", "batch size")
CLAIMS = ("ranks-do-not-collapse", "ranks-survive-relu")
MISSING = {"theory": "the closed form is for no activation"}

NAMES = {"linear": ("no activation", "batch norm"), "relu": ("ReLU", "positive")}


def data(results):
    """By width and activation, and by batch size in the widest network: the settled rank, and the
    closed form, which is for no activation."""
    found = []
    of, law = results["settled"].sel(norm="batch norm", drop=True), results["predicted_rank"]
    for kind in NAMES:
        table = summary(of.sel(kind=kind), name="rank").assign(batch=results["samples"].item())
        found.append(table.assign(by="width", theory=law.values if kind == "linear" else np.nan))
    last = found[0].iloc[[-1]].assign(by="batch")
    small = summary(results["batch_settled"], name="rank").assign(kind="linear", by="batch")
    small["theory"] = results["predicted_batch_rank"].values
    found += [small.assign(width=last["width"].item()), last]
    return pd.concat(found, ignore_index=True)


def _rows(data, by, kind="linear"):
    return data[(data["by"] == by) & (data["kind"] == kind)]


def alt(data):
    linear, relu, batch = _rows(data, "width"), _rows(data, "width", "relu"), _rows(data, "batch")
    first, last = linear.iloc[0], linear.iloc[-1]
    return (
        "Two panels. Left, effective rank by width: without an activation from "
        f"{first['rank']:.1f} at {first['width']} units to {last['rank']:.1f} at {last['width']}, "
        "along a line just below the square root; with ReLU from "
        f"{relu['rank'].iloc[0]:.1f} to {relu['rank'].iloc[-1]:.1f}. Right, by batch size at "
        f"{last['width']} units: from {batch['rank'].iloc[0]:.1f} for {batch['batch'].iloc[0]} "
        f"samples, bending to {batch['rank'].iloc[-1]:.1f}."
    )


def caption(data):
    linear = _rows(data, "width")
    below = (linear["theory"] - linear["rank"]).agg(["min", "max"])
    return (
        "Effective rank $(\\sum\\lambda)^2/\\sum\\lambda^2$ of a batch deep in random networks "
        f"with batch norm. Left: batches of {linear['batch'].iloc[0]} in networks of several "
        "widths; the line is $\\sqrt{d}$, and measurements without an activation lie "
        f"{below['min']:.2f} to {below['max']:.2f} below it. Right: other batch sizes, "
        f"{linear['width'].iloc[-1]} units; the line is the closed form, and dots mark $m - 1$, "
        f"the whole batch. Mean of {linear['runs'].iloc[0]} networks; 95 % intervals are mostly "
        "smaller than the points."
    )


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2)
    _by_width(data, left, theme)
    _by_batch(_rows(data, "batch"), right, theme)
    return figure


def _by_width(data, ax, theme):
    widths = np.geomspace(data["width"].min(), data["width"].max(), 61)
    theme.theory(ax, widths, np.sqrt(widths))
    for kind, (name, colour) in NAMES.items():
        rows = _rows(data, "width", kind)
        theme.points(ax, rows, "width", "rank", colour)
        theme.label(ax, *rows.iloc[len(rows) // 2][["width", "rank"]], name, colour, dx=8, dy=-9)
    theme.label(ax, widths[34], np.sqrt(widths[34]), "√d", theme.muted, ha="right", dx=-4, dy=7)
    ax.set(xscale="log", xlabel="width d", xlim=(0.87 * widths[0], 1.15 * widths[-1]))
    ax.set(yscale="log", ylabel="effective rank")
    low, high = data["low"].min() / 1.5, data["high"].max() * 1.5
    theme.ticks(ax, rows["width"], [r for r in (2, 4, 8, 16, 32, 64) if low < r < high])


def _by_batch(rows, ax, theme):
    sizes = np.linspace(2, rows["batch"].max(), 201)
    whole = sizes[sizes - 1 <= 1.15 * rows["rank"].max()]
    place = {"ha": "right", "dx": -4, "dy": -2}
    theme.theory(ax, whole, whole - 1, "m − 1", color=theme.muted, linestyle=":", **place)
    theme.theory(ax, sizes, [batch_norm_rank(rows["width"].iloc[0], m - 1) for m in sizes])
    theme.points(ax, rows, "batch", "rank", "batch norm")
    ax.set(xlabel="batch size m", ylim=(0, None), xlim=(0, 1.03 * sizes[-1]))
