"""Distance between the engine and every framework, as a share of what round-off allows."""

import numpy as np

from experiments.results import only, rows
from site_gen.theme.numbers import percent

TITLE = "Three numbers reproduce every framework, up to round-off"
TAGS = ("conventions", "precision")
CLAIMS = ("three-numbers-are-enough", "float64-is-float64")
ID = "conventions-agreement"

FLOOR = 1e-6  # where equal to the last bit is drawn on a logarithmic axis


def data(results):
    """One row for every framework, precision, setting and quantity."""
    return rows(results["error"].rename("share_of_bound"))


def alt(data):
    worst = data.loc[data["share_of_bound"].idxmax()]
    return f"""Points for {data["framework"].nunique()} variants of frameworks on a logarithmic
    axis, all left of the line at 1 that marks the bound; the farthest, {worst["framework"]}, is at
    {worst["share_of_bound"]:.3f}."""


def caption(data):
    equal = percent(np.mean(data["share_of_bound"] == 0))
    return f"""Largest distance between this site's engine and each framework, over the bound for
    round-off: {len(data)} comparisons, of outputs in training, running mean, running variance and
    outputs in evaluation, with default and other settings; {equal} of them agree to the last bit
    and are drawn at the left edge. A distance above 1 would be a difference in meaning."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.6)
    names = list(data["framework"].unique())[::-1]
    shown = data.assign(share=np.maximum(data["share_of_bound"], FLOOR))
    shown["row"] = [names.index(name) for name in shown["framework"]]
    for precision, colour, up in (("float64", "batch norm", 0.16), ("float32", "none", -0.16)):
        found = only(shown, precision=precision)
        theme.points(ax, found.assign(row=found["row"] + up), "share", "row", colour, alpha=0.6)
        theme.label(ax, 0.04, len(names) - 1 + 2 * up, precision, colour)
    theme.level(ax, x=1, color=theme.colour("theory"), zorder=2)
    theme.label(ax, 1, 0, "bound", "theory", dx=-5, ha="right", weight="normal")
    ax.set(xscale="log", xlabel="distance, as a share of the bound for round-off")
    ax.set(xlim=(FLOOR / 2, 2), ylim=(-0.6, len(names) - 0.2))
    ax.set_yticks(range(len(names)), names)
    ax.minorticks_off()
    return figure
