"""Where an outlier comes to lie after normalizing."""

import numpy as np

from experiments.results import nearest, rows

TITLE = "However far out a sample lies, batch norm puts it within √(m−1)"
TAGS = ("transform", "batch size", "outliers")
CLAIMS = ("outliers-stay-outliers",)


def data(results):
    """A row for every batch size and distance: median, least and most of the runs; closed forms."""
    found = results[["outlier", "outlier_theory", "bound"]].rename(outlier_batch="batch")
    value, known = found["outlier"], {"theory": found["outlier_theory"], "bound": found["bound"]}
    reach = {"lowest": value.min("run"), "highest": value.max("run")}
    return rows(normalized=value.median("run"), **reach, **known).assign(runs=value.sizes["run"])


def alt(data):
    small, large = data["batch"].min(), data["batch"].max()
    at = {m: nearest(curve, distance=10)["normalized"] for m, curve in data.groupby("batch")}
    return f"""Curves that rise along the diagonal and then level off at √(m − 1). A sample 10
    standard deviations from its neighbours comes to lie at {at[small]:.2f} in a batch of {small},
    at {at[8]:.2f} in a batch of 8 and at {at[large]:.2f} in a batch of {large}."""


def caption(data):
    error = (data[["lowest", "highest"]].sub(data["theory"], axis=0)).abs().max().max()
    return f"""One sample of a batch is moved away from the others, whose mean and standard
    deviation stay as they are. Points: {data["runs"].iloc[0]} random sets of neighbours each, which
    agree; lines: $z\\sqrt{{(m-1)/(m+z^2)}}$, at most {error:.0e} away; dotted: the bound
    $\\sqrt{{m-1}}$. In a batch of two there is one neighbour and no standard deviation: the sample
    lies at 1 at any distance."""


def draw(data, theme):
    figure, ax = theme.figure(height=4.0)
    curves, distances = list(data.groupby("batch")), data["distance"].unique()
    low, high = distances[0], distances[-1]
    every = max(1, round((len(distances) - 1) / np.log10(high / low)) // 4)  # four in a decade
    theme.theory(ax, [low, high], [low, high], color=theme.muted, linestyle="--", zorder=1.5)
    theme.label(ax, 30, 38, "as before", theme.muted, dx=-6, ha="right", weight="normal")
    for (m, curve), colour in zip(curves, theme.sequence(len(curves)), strict=True):
        bound = curve["bound"].iloc[0]
        theme.theory(ax, curve["distance"], curve["theory"], zorder=1.9)
        theme.points(ax, curve, "distance", "normalized", colour, markevery=every)
        theme.level(ax, y=bound, color=colour, linestyle=":", zorder=1.8)
        theme.label(ax, high * 1.15, bound, f"m = {m}", colour)
    ax.set(xscale="log", yscale="log", xlim=(low, high * 1.15), ylim=(0.09, 60))
    ax.set_xlabel("distance z from the neighbours, in their standard deviations")
    ax.set_ylabel("normalized value x̂")
    theme.ticks(ax, x=(0.1, 1, 10, 100, 1000), y=(0.1, 1, 10))
    return figure
