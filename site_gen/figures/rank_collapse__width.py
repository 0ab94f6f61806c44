"""Settled effective rank with batch norm by width, and by batch size in the widest network."""

import numpy as np
import pandas as pd

from experiments.results import only, summary
from experiments.theory.depth import batch_norm_rank

TITLE = (
    "With batch norm about the square root of the width is left, or nearly the whole of a small "
    "batch"
)
TAGS = ("depth", "rank", "batch size")
CLAIMS = ("ranks-do-not-collapse", "ranks-survive-relu")
MISSING = {"theory": "the closed form is for no activation"}

NAMES = {"linear": ("no activation", "batch norm"), "relu": ("ReLU", "positive")}


def data(results):
    """By width and activation, and by batch size in the widest network: the settled rank, and the
    closed form, which is for no activation."""
    settled = results["settled"].sel(norm="batch norm", drop=True).transpose("kind", ...)
    widths = summary(settled, name="rank").assign(by="width", batch=results["samples"].item())
    widths.loc[widths["kind"] == "linear", "theory"] = results["predicted_rank"].values
    last = only(widths, kind="linear").iloc[[-1]].assign(by="batch")
    small = summary(results["batch_settled"], name="rank").assign(kind="linear", by="batch")
    small = small.assign(theory=results["predicted_batch_rank"], width=last["width"].item())
    columns = ["width", "kind", "rank", "low", "high", "runs", "batch", "by", "theory"]
    return pd.concat([widths, small, last], ignore_index=True)[columns]


def alt(data):
    linear, relu = (only(data, by="width", kind=kind) for kind in NAMES)
    first, last, batch = linear.iloc[0], linear.iloc[-1], only(data, by="batch")
    return f"""Two panels. Left, effective rank by width: without an activation from
    {first["rank"]:.1f} at {first["width"]} units to {last["rank"]:.1f} at {last["width"]}, along a
    line just below the square root; with ReLU from {relu["rank"].iloc[0]:.1f} to
    {relu["rank"].iloc[-1]:.1f}. Right, by batch size at {last["width"]} units: from
    {batch["rank"].iloc[0]:.1f} for {batch["batch"].iloc[0]} samples, bending to
    {batch["rank"].iloc[-1]:.1f}."""


def caption(data):
    linear = only(data, by="width", kind="linear")
    last, below = linear.iloc[-1], linear["theory"] - linear["rank"]
    return f"""Effective rank $(\\sum\\lambda)^2/\\sum\\lambda^2$ of a batch deep in random networks
    with batch norm. Left: batches of {last["batch"]} in networks of several widths; the line is
    $\\sqrt{{d}}$, and measurements without an activation lie {below.min():.2f} to {below.max():.2f}
    below it. Right: other batch sizes, {last["width"]} units; the line is the closed form, and dots
    mark $m - 1$, the whole batch. Mean of {last["runs"]} networks; 95 % intervals are mostly
    smaller than the points."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2)
    widths = np.geomspace(data["width"].min(), data["width"].max(), 61)
    theme.theory(left, widths, np.sqrt(widths))
    for kind, (name, colour) in NAMES.items():
        shown = only(data, by="width", kind=kind)
        theme.points(left, shown, "width", "rank", colour)
        middle = shown.iloc[len(shown) // 2][["width", "rank"]]
        theme.label(left, *middle, name, colour, dx=8, dy=-9)
    theme.label(left, widths[34], np.sqrt(widths[34]), "√d", theme.muted, ha="right", dx=-4, dy=7)
    left.set(xscale="log", xlabel="width d", xlim=(0.87 * widths[0], 1.15 * widths[-1]))
    left.set(yscale="log", ylabel="effective rank")
    low, high = data["low"].min() / 1.5, data["high"].max() * 1.5
    theme.ticks(left, shown["width"], [r for r in (2, 4, 8, 16, 32, 64) if low < r < high])

    shown = only(data, by="batch")
    sizes = np.linspace(2, shown["batch"].max(), 201)
    whole = sizes[sizes - 1 <= 1.15 * shown["rank"].max()]
    style = {"color": theme.muted, "linestyle": ":"}
    theme.theory(right, whole, whole - 1, "m − 1", ha="right", dx=-4, dy=-2, **style)
    theme.theory(right, sizes, [batch_norm_rank(shown["width"].iloc[0], m - 1) for m in sizes])
    theme.points(right, shown, "batch", "rank", "batch norm")
    right.set(xlabel="batch size m", ylim=(0, None), xlim=(0, 1.03 * sizes[-1]))
    return figure
