"""Running means chase the mean of one unit, and the test accuracy that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "Running statistics chase a network that is already ahead of them"
TAGS = ("running statistics", "momentum", "training")
MISSING = {"std": "the population's standard deviation is drawn, the running one is not"}

SHOWN = (0.1, 0.01, 0.001)
POPULATION = "population"
HOLD = 15  # frames on which the end stands still


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every statistics and moment: the unit's mean by these statistics, and the accuracy in eval mode."""
    rows = [pd.DataFrame({"statistics": POPULATION, "step": results["moment"].values, "mean": results["trace_mean"].values,
                          "std": results["trace_std"].values, "accuracy": results["trace_precise_accuracy"].values})]  # fmt: skip
    for rate in SHOWN:
        if rate in results["rate"]:
            at = results.sel(rate=rate)
            rows.append(pd.DataFrame({"statistics": f"{rate:g}", "step": at["moment"].values,
                                      "mean": at["trace_running_mean"].values, "accuracy": at["trace_accuracy"].values}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _last(data: pd.DataFrame) -> pd.DataFrame:
    return data[data["step"] == data["step"].max()].set_index("statistics")


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")


def alt(data: pd.DataFrame) -> str:
    last = _last(data)
    means = ", ".join(
        f"{_signed(row['mean'])} (α = {name})" for name, row in last.drop(POPULATION).iterrows()
    )
    return (f"Animation over {data['step'].max()} training steps. Left: running means of one unit start at 0 and move towards its true mean, "
            f"{_signed(last.loc[POPULATION, 'mean'])} at the end; they reach {means}. Right: accuracy with running averages follows the "
            f"accuracy with exact statistics, the later the smaller α.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    last = _last(data)
    slowest = last.index[-1]
    return (f"One training run on MNIST-5k. Left: a unit of the second hidden layer; its true mean over the training set with a band of one standard "
            f"deviation, and its running means. Right: test accuracy of the same weights under each. After {data['step'].max()} steps the "
            f"accuracy is {last.loc[POPULATION, 'accuracy']:.2f} with exact statistics and {last.loc[slowest, 'accuracy']:.2f} with "
            f"$\\alpha = {slowest}$. A single run: an illustration, not a measurement.")  # fmt: skip


def _spread(wanted: list[float], apart: float, floor: float) -> list[float]:
    """Heights in the given order, from top to bottom, near the wanted ones, `apart` from each other and above `floor`."""
    heights, above = [], np.inf
    for height in wanted:
        above = min(height, above - apart)
        heights.append(above)
    n = len(heights)
    return [max(height, floor + (n - 1 - k) * apart) for k, height in enumerate(heights)]


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from matplotlib.patheffects import withStroke

    from site_gen.theme import Animation

    figure, (left, right) = theme.figure(cols=2, height=3.6)
    names = [POPULATION, *(name for name in data["statistics"].unique() if name != POPULATION)]
    colours = {POPULATION: theme.colour("truth")} | dict(
        zip(names[1:], theme.sequence(len(names)), strict=False)
    )
    tables = {name: data[data["statistics"] == name].reset_index(drop=True) for name in names}
    truth = tables[POPULATION]
    last = truth["step"].max()

    low, high = truth["mean"] - truth["std"], truth["mean"] + truth["std"]
    theme.band(left, truth["step"], low, high, theme.colour("truth"), alpha=0.12)
    halo = [withStroke(linewidth=3, foreground=theme.paper)]  # labels cross the band
    lines, heads, labels = [], [], {}
    for ax, column in ((left, "mean"), (right, "accuracy")):
        ends = sorted(names, key=lambda name, column=column: -tables[name][column].iloc[-1])
        for name in ends:  # from top to bottom, as they will end
            text = "exact" if name == POPULATION else f"α = {name}"
            end = tables[name][column].iloc[-1]
            labels[name, column] = theme.label(
                ax, last, end, text, colours[name], dx=9, path_effects=halo
            )
        for name in [*names[1:], POPULATION]:
            lines += ax.plot([], [], color=colours[name])
            heads += ax.plot([], [], "o", color=colours[name])
        ax.set(xlim=(0, last * 1.02), xlabel="training steps")
    left.set(title="a unit’s mean", ylim=(min(low.min(), 0) - 0.2, max(high.max(), 0) + 0.2))
    right.set(title="test accuracy", ylim=(0, 1))
    order = [(name, column) for column in ("mean", "accuracy") for name in [*names[1:], POPULATION]]

    def update(i: int) -> None:
        i = min(i, len(truth) - 1)
        for line, head, (name, column) in zip(lines, heads, order, strict=True):
            rows = tables[name]
            line.set_data(rows["step"][: i + 1], rows[column][: i + 1])
            head.set_data(rows["step"][i : i + 1], rows[column][i : i + 1])
        for column, ax in (("mean", left), ("accuracy", right)):
            low, high = ax.get_ylim()
            apart = 0.067 * (high - low)  # labels lie at least one line apart, and above the axis
            here = {name: tables[name][column][i] for name, of in labels if of == column}
            if column == "mean":  # in the order of the moment, unless two are as good as equal
                here = dict(
                    sorted(here.items(), key=lambda item, line=2 * apart: -round(item[1] / line))
                )
            heights = dict(
                zip(here, _spread(list(here.values()), apart, low + 0.6 * apart), strict=True)
            )
            for name, height in heights.items():
                labels[name, column].xy = (truth["step"][i], height)

    update(len(truth) - 1)  # the layout makes room for the labels where they end, and stays
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return Animation(
        figure,
        [*lines, *heads, *labels.values()],
        len(truth) + HOLD,
        update,
        fps=20,
        poster=len(truth) // 3,
    )
