"""How far one and two forward passes bring the running statistics, against the update rate."""

import numpy as np

from experiments.results import only, summary
from experiments.theory.inference import statistics_left

TITLE = "Each forward pass moves the running statistics, also the second on the same batch"
TAGS = ("running statistics", "momentum", "theory")
CLAIMS = ("recomputing-changes-nothing",)


def data(results):
    """By rate and number of passes: the share of the way gone, and the closed form."""
    table = summary(results["gone"])
    return table.assign(theory=1 - statistics_left(table["passes"], table["rate"]))


def alt(data):
    first, *_, last = (f"{100 * gone:.3g} %" for gone in data["gone"])
    return f"""Two rising lines with points on them: the share of the way to the batch's statistics,
    from {first} after one pass at the smallest rate to {last} after two at the largest."""


def caption(data):
    return f"""Points: the share of the way to the batch's mean and variance that the running ones
    have gone, mean of {data["runs"].iloc[0]} batches, with 95 % intervals far smaller than the
    points. Lines: $1-(1-\\alpha)^k$ after $k$ passes, at most
    {abs(data["gone"] - data["theory"]).max():.0e} away."""


def draw(data, theme):
    figure, ax = theme.figure()
    rates = np.geomspace(data["rate"].min(), data["rate"].max())
    for k, colour, words in zip((1, 2), theme.sequence(2), ("one pass", "two passes"), strict=True):
        theme.theory(ax, rates, 1 - statistics_left(k, rates), words, color=colour)
        theme.points(ax, only(data, passes=k), "rate", "gone", colour)
    ax.set(xscale="log", xlabel="update rate α", yscale="log", ylabel="share of the way gone")
    theme.ticks(ax, x=data["rate"].unique(), y=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5))
    return figure
