"""Running means chase the mean of one unit, and the test accuracy that they give."""

import numpy as np
import pandas as pd
from matplotlib.patheffects import withStroke

from experiments.results import only
from site_gen.theme import Animation

TITLE = "Running statistics chase a network that is already ahead of them"
TAGS = ("running statistics", "momentum", "training")
ID = "running-statistics-chase"
MISSING = {"std": "the population's standard deviation is drawn, the running one is not"}

SHOWN, POPULATION = ("0.1", "0.01", "0.001"), "population"
COLUMNS = ("mean", "accuracy")  # one panel each
HOLD = 15  # frames on which the end stands still


def data(results):
    """A row for every statistics and moment: the unit's mean by them, and the test accuracy."""
    exact = {"mean": "trace_mean", "std": "trace_std", "accuracy": "trace_precise_accuracy"}
    running = {"mean": "trace_running_mean", "accuracy": "trace_accuracy"}
    found = []
    for name in (POPULATION, *SHOWN):
        of = results if name == POPULATION else results.sel(rate=float(name))
        read = exact if name == POPULATION else running
        values = {column: of[variable].values for column, variable in read.items()}
        known = {"statistics": name, "step": results["moment"].values}
        found.append(pd.DataFrame(known | values))
    return pd.concat(found, ignore_index=True)


def _last(data):
    return only(data, step=data["step"].max()).set_index("statistics")


def _signed(number):
    return f"{number:.2f}".replace("-", "−")


def alt(data):
    means = _last(data)["mean"]
    said = ", ".join(f"{_signed(means[rate])} (α = {rate})" for rate in SHOWN)
    return f"""Animation over {data["step"].max()} training steps. Left: running means of one unit
    start at 0 and move towards its true mean, {_signed(means[POPULATION])} at the end; they reach
    {said}. Right: accuracy with running averages follows the accuracy with exact statistics, the
    later the smaller α."""


def caption(data):
    slowest, accuracy = SHOWN[-1], _last(data)["accuracy"]
    return f"""One training run on MNIST-5k. Left: a unit of the second hidden layer; its true mean
    over the training set with a band of one standard deviation, and its running means. Right: test
    accuracy of the same weights under each. After {data["step"].max()} steps the accuracy is
    {accuracy[POPULATION]:.2f} with exact statistics and {accuracy[slowest]:.2f} with $\\alpha =
    {slowest}$. A single run: an illustration, not a measurement."""


def _heights(ax, wanted, ordered):
    """Heights of labels near the wanted ones, at least a line apart, and above the axis.

    They keep the order that they come in, or, not ordered, that of the moment, unless two are as
    good as equal.
    """
    bottom, top = ax.get_ylim()
    line, names = 0.067 * (top - bottom), list(wanted)
    if not ordered:
        names.sort(key=lambda name: -round(wanted[name] / (2 * line)))
    heights, above, least = {}, np.inf, bottom + (len(names) - 0.4) * line
    for name in names:
        above = min(wanted[name], above - line)
        heights[name], least = max(above, least), least - line
    return heights


def animate(data, theme):
    figure, axes = theme.figure(cols=2)
    names = [POPULATION, *SHOWN]
    colours = dict(zip(names, [theme.colour("truth"), *theme.sequence(len(names))], strict=False))
    tables = {name: only(data, statistics=name).reset_index(drop=True) for name in names}
    truth, (left, right) = tables[POPULATION], axes
    steps, last = truth["step"], truth["step"].max()
    low, high = truth["mean"] - truth["std"], truth["mean"] + truth["std"]
    theme.band(left, steps, low, high, "truth", alpha=0.12)
    halo = [withStroke(linewidth=3, foreground=theme.paper)]  # labels cross the band
    lines, labels = {}, {}
    for ax, column in zip(axes, COLUMNS, strict=True):
        ends = {name: tables[name][column].iloc[-1] for name in names}
        for name in sorted(names, key=ends.get, reverse=True):  # from top to bottom, in the end
            text, at = "exact" if name == POPULATION else f"α = {name}", (last, ends[name])
            label = theme.label(ax, *at, text, colours[name], dx=9, path_effects=halo)
            labels[name, column] = label
        for name in (*SHOWN, POPULATION):
            lines[name, column] = ax.plot([], [], "-", [], [], "o", color=colours[name])
        ax.set(xlim=(0, last * 1.02), xlabel="training steps")
    left.set(title="a unit’s mean", ylim=(min(low.min(), 0) - 0.2, max(high.max(), 0) + 0.2))
    right.set(title="test accuracy", ylim=(0, 1))

    def update(i):
        i = min(i, len(truth) - 1)
        for (name, column), (line, head) in lines.items():
            line.set_data(steps[: i + 1], tables[name][column][: i + 1])
            head.set_data(steps[i : i + 1], tables[name][column][i : i + 1])
        for ax, column in zip(axes, COLUMNS, strict=True):
            here = {name: tables[name][column][i] for name, of in labels if of == column}
            for name, height in _heights(ax, here, ordered=column == "accuracy").items():
                labels[name, column].xy = (steps[i], height)

    update(len(truth) - 1)  # the layout makes room for the labels where they end, and stays
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    artists = [one for pair in lines.values() for one in pair] + list(labels.values())
    return Animation(figure, artists, len(truth) + HOLD, update, fps=20, poster=len(truth) // 3)
