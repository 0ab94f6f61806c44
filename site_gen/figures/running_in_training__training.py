"""Test accuracy of one and the same network under running averages of several rates."""

import numpy as np
import pandas as pd

from experiments.results import only, summary

TITLE = "Early on, the network is better than its running statistics let it look"
TAGS = ("running statistics", "momentum", "training")
CLAIMS = ("running-average-is-population", "early-validation-is-the-statistics")
ID = "running-statistics-training"
LOST = {"points_lost": "points_lost", "low": "lost_low", "high": "lost_high"}
MISSING = dict.fromkeys(LOST.values(), "the population's statistics lose nothing")
SHOWN, POPULATION = ("0.1", "0.01", "0.001"), "population"


def data(results):
    """A row for every statistics and step: accuracy, and points lost against the exact ones."""
    exact = results["precise_accuracy"]
    found = [summary(exact, name="accuracy").assign(statistics=POPULATION)]
    for rate in SHOWN:
        curve = results["accuracy"].sel(rate=float(rate), drop=True)
        lost = summary(100 * (exact - curve), name="points_lost")[list(LOST)].rename(columns=LOST)
        found.append(summary(curve).assign(statistics=rate, **lost))
    return pd.concat(found, ignore_index=True)


def alt(data):
    running = only(data, statistics=list(SHOWN)).groupby("statistics", sort=False)
    worst = data.loc[running["points_lost"].idxmax()].itertuples()
    each = (f"{w.points_lost:.0f} points after {w.step} steps at α = {w.statistics}" for w in worst)
    last = only(data, step=data["step"].max())["accuracy"]
    return f"""Left: accuracy rises through training with every set of statistics and ends between
    {last.min():.3f} and {last.max():.3f}. Right: what running averages lose against exact
    statistics rises and falls again; at most {", ".join(each)}."""


def caption(data):
    return f"""Test accuracy on MNIST-5k of the same weights, evaluated with the exact mean and
    variance of every unit over the training set, and with running averages of update rate
    $\\alpha$. Right: the difference, run by run. Means of {data["runs"].iloc[0]} runs with 95 %
    bands."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2)
    tables = dict(list(data.groupby("statistics")))
    for name, colour in zip(SHOWN, theme.sequence(len(SHOWN) + 1), strict=False):
        theme.curve(left, tables[name], "step", "accuracy", colour, fmt="o-")
        lost = tables[name][["step", *LOST.values()]].set_axis(["step", *LOST], axis=1)
        theme.curve(right, lost, "step", "points_lost", colour, fmt="o-")
        # The label stands on the falling side, a label's height apart from others.
        points, steps = lost["points_lost"].to_numpy(), np.log(lost["step"].to_numpy())
        k = points.argmax()
        x = np.exp(np.interp(-points[k] * 0.28, -points[k:], steps[k:]))
        text = f"α = {name}" if name == SHOWN[0] else name
        theme.label(right, x, points[k] * 0.28, text, colour, dx=9, dy=3)
    exact = tables[POPULATION]
    theme.curve(left, exact, "step", "accuracy", "truth", fmt="o-")
    x = np.exp(np.interp(0.6, exact["accuracy"], np.log(exact["step"])))
    theme.label(left, x, 0.6, "exact\nstatistics", "truth", ha="right", dx=-7, dy=6)
    left.set(xscale="log", xlabel="training steps", ylim=(0, 1), title="test accuracy")
    right.set(xscale="log", xlabel="training steps", title="points lost to running averages")
    return figure
