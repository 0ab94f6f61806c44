"""What a change of γ or of β does to the gradient of the weights below."""

import numpy as np

from experiments.results import only, rows

TITLE = "γ and β both change the length and the direction of the gradient"
TAGS = ("γ and β", "gradients")
CLAIMS = ("variance-is-speed", "mean-is-direction")
ID = "bowl-answer"

CHANGES = {"gamma, fixed": "γ doubled,\nrest held", "gamma": "γ doubled", "beta": "β plus 1"}
COLOURS = {"sigmoid": "batch norm", "tanh": "input"}


def data(results):
    """A row for every change, moment, activation and run: length over that before, and degrees."""
    answer = results["answer"].transpose("change", "when", "activation", "run", ...)
    answer = answer.sel(change=list(CHANGES))
    return rows(**{name: answer.sel(quantity=name, drop=True) for name in ("angle", "length")})


def _middle(data, change, quantity):
    values = only(data, change=change).groupby(["when", "activation"])[quantity].median()
    return f"{values.min():.3g} to {values.max():.3g}"


def alt(data):
    return f"""Points for every run. Doubling γ with the gradient from above held fixed: length
    {_middle(data, "gamma, fixed", "length")} times, no turn. Doubling γ:
    {_middle(data, "gamma", "length")} times, turned by {_middle(data, "gamma", "angle")} degrees. β
    plus 1: {_middle(data, "beta", "length")} times, {_middle(data, "beta", "angle")} degrees
    (medians)."""


def caption(data):
    return f"""Gradient of the weights below the upper batch norm after a change of all its
    $\\gamma$ or $\\beta$, against before, on the same images. A point for each of
    {data["run"].nunique()} networks, before (open) and after training (filled). Dashed: twice the
    length, the same length, the same direction."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.4, sharey=True)
    lanes = [(when, name) for when in ("start", "trained") for name in COLOURS]
    for (change, when, name), runs in data.groupby(["change", "when", "activation"]):
        lane = list(CHANGES).index(change) + 0.16 * (lanes.index((when, name)) - 1.5)
        colour = theme.colour(COLOURS[name])
        style = {"markersize": 4, "alpha": 0.75, "mfc": "none" if when == "start" else colour}
        for ax, column in ((left, "length"), (right, "angle")):
            ax.plot(runs[column], np.full(len(runs), lane), "o", color=colour, **style)
    for ax, x in ((left, 1), (left, 2), (right, 0)):
        theme.level(ax, x=x, color=theme.colour("theory"), linestyle="--", zorder=1.8)
    left.set_yticks(range(len(CHANGES)), labels=list(CHANGES.values()))
    left.set(xscale="log", ylim=(2.5, -0.6), xlabel="length, in parts of that before")
    theme.ticks(left, x=(0.5, 1, 2, 4, 8))
    right.set_xlabel("angle to that before (degrees)")
    for y, (name, colour) in zip((0.95, 0.86), COLOURS.items(), strict=True):
        theme.label(right, 0.97, y, name, colour, transform="axes fraction", ha="right", dx=0)
    return figure
