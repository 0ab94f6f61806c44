"""Running means chase the mean of one unit, and the test accuracy that they give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from site_gen.theme import Animation, Theme

TITLE = "Running statistics chase a network that is already ahead of them"
TAGS = ("running statistics", "momentum", "training")
ID = "running-statistics-chase"
MISSING = {"std": "the population's standard deviation is drawn, the running one is not"}

SHOWN = (0.1, 0.01, 0.001)
POPULATION = "population"
COLUMNS = ("mean", "accuracy")  # one panel each
HOLD = 15  # frames on which the end stands still


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every statistics and moment: the unit's mean by them, and the accuracy in eval mode."""
    steps = {"step": results["moment"].values}
    exact = {"mean": "trace_mean", "std": "trace_std", "accuracy": "trace_precise_accuracy"}
    values = {column: results[name].values for column, name in exact.items()}
    found = [pd.DataFrame({"statistics": POPULATION} | steps | values)]
    for rate in SHOWN:
        at = results.sel(rate=rate)
        values = dict(zip(COLUMNS, (at["trace_running_mean"], at["trace_accuracy"]), strict=True))
        found.append(pd.DataFrame({"statistics": f"{rate:g}"} | steps | values))
    return pd.concat(found, ignore_index=True)


def _last(data: pd.DataFrame) -> pd.DataFrame:
    return data[data["step"] == data["step"].max()].set_index("statistics")


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")


def alt(data: pd.DataFrame) -> str:
    last = _last(data)
    means = ", ".join(
        f"{_signed(row['mean'])} (α = {name})" for name, row in last.drop(POPULATION).iterrows()
    )
    return (
        f"Animation over {data['step'].max()} training steps. Left: running means of one unit start "
        f"at 0 and move towards its true mean, {_signed(last.loc[POPULATION, 'mean'])} at the end; "
        f"they reach {means}. Right: accuracy with running averages follows the accuracy with exact "
        "statistics, the later the smaller α."
    )


def caption(data: pd.DataFrame) -> str:
    last = _last(data)
    slowest, accuracy = last.index[-1], last["accuracy"]
    return (
        "One training run on MNIST-5k. Left: a unit of the second hidden layer; its true mean over "
        "the training set with a band of one standard deviation, and its running means. Right: test "
        f"accuracy of the same weights under each. After {data['step'].max()} steps the accuracy is "
        f"{accuracy[POPULATION]:.2f} with exact statistics and {accuracy[slowest]:.2f} with "
        f"$\\alpha = {slowest}$. A single run: an illustration, not a measurement."
    )


def _heights(ax: Axes, wanted: dict[str, float], ordered: bool) -> dict[str, float]:
    """Heights of labels near the wanted ones, at least a line apart, and above the axis.

    They keep the order that they come in, or, not ordered, that of the moment, unless two are as
    good as equal.
    """
    bottom, top = ax.get_ylim()
    line = 0.067 * (top - bottom)
    names = list(wanted)
    if not ordered:
        names.sort(key=lambda name: -round(wanted[name] / (2 * line)))
    heights, above, least = {}, np.inf, bottom + (len(names) - 0.4) * line
    for name in names:
        above = min(wanted[name], above - line)
        heights[name], least = max(above, least), least - line
    return heights


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    figure, axes = theme.figure(cols=2, height=3.6)
    names = list(data["statistics"].unique())  # the exact ones first
    colours = dict(zip(names, [theme.colour("truth"), *theme.sequence(len(names))], strict=False))
    tables = {name: data[data["statistics"] == name].reset_index(drop=True) for name in names}
    truth, (left, right) = tables[POPULATION], axes
    steps, last = truth["step"], truth["step"].max()
    low, high = truth["mean"] - truth["std"], truth["mean"] + truth["std"]
    theme.band(left, steps, low, high, "truth", alpha=0.12)
    halo = [withStroke(linewidth=3, foreground=theme.paper)]  # labels cross the band
    lines, labels = {}, {}
    for ax, column in zip(axes, COLUMNS, strict=True):
        ends = {name: tables[name][column].iloc[-1] for name in names}
        for name in sorted(names, key=ends.get, reverse=True):  # from top to bottom, in the end
            text = "exact" if name == POPULATION else f"α = {name}"
            label = theme.label(ax, last, ends[name], text, colours[name], dx=9, path_effects=halo)
            labels[name, column] = label
        for name in [*names[1:], POPULATION]:
            pair = (ax.plot([], [], form, color=colours[name])[0] for form in ("-", "o"))
            lines[name, column] = list(pair)
        ax.set(xlim=(0, last * 1.02), xlabel="training steps")
    left.set(title="a unit’s mean", ylim=(min(low.min(), 0) - 0.2, max(high.max(), 0) + 0.2))
    right.set(title="test accuracy", ylim=(0, 1))

    def update(i: int) -> None:
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
