"""Test accuracy of one and the same network under running averages of several rates, through training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Early on, the network is better than its running statistics let it look"
TAGS = ("running statistics", "momentum", "training")
CLAIMS = ("running-average-is-population", "early-validation-is-the-statistics")

SHOWN = (0.1, 0.01, 0.001)
POPULATION = "population"


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every statistics and step: accuracy, and points lost against the population's; with 95 % intervals."""
    exact = results["precise_accuracy"]
    curves = {
        f"{rate:g}": results["accuracy"].sel(rate=rate) for rate in SHOWN if rate in results["rate"]
    }
    rows = []
    for name, curve in ({POPULATION: exact} | curves).items():
        for step in results["step"].values:
            row = {"statistics": name, "step": int(step)}
            lost = 100 * (exact - curve)
            for quantity, values in (
                ("accuracy", curve.sel(step=step).values),
                ("points_lost", lost.sel(step=step).values),
            ):
                half = (
                    student.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
                )
                row |= {
                    quantity: values.mean(),
                    f"{quantity}_low": values.mean() - half,
                    f"{quantity}_high": values.mean() + half,
                }
            rows.append(row | {"runs": values.size})
    return pd.DataFrame(rows)


def _rates(data: pd.DataFrame) -> list[str]:
    return [name for name in data["statistics"].unique() if name != POPULATION]


def _worst(data: pd.DataFrame, name: str) -> pd.Series:
    rows = data[data["statistics"] == name]
    return rows.loc[rows["points_lost"].idxmax()]


def alt(data: pd.DataFrame) -> str:
    worst = [_worst(data, name) for name in _rates(data)]
    told = ", ".join(
        f"{w['points_lost']:.0f} points after {w['step']} steps at α = {w['statistics']}"
        for w in worst
    )
    last = data[data["step"] == data["step"].max()]["accuracy"]
    return (f"Left: accuracy rises through training with every set of statistics and ends between {last.min():.3f} and {last.max():.3f}. "
            f"Right: what running averages lose against exact statistics rises and falls again; at most {told}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Test accuracy on MNIST-5k of the same weights, evaluated with the exact mean and variance of every unit over the training set, "
            f"and with running averages of update rate $\\alpha$. Right: the difference, run by run. Means of "
            f"{data['runs'].iloc[0]} runs with 95 % bands.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.6)
    rates = _rates(data)
    colours = dict(zip(rates, theme.sequence(len(rates) + 1), strict=False)) | {
        POPULATION: theme.colour("truth")
    }
    for name in [*rates, POPULATION]:
        rows, colour = data[data["statistics"] == name], colours[name]
        panels = ((left, "accuracy"), (right, "points_lost"))
        for ax, quantity in panels[:1] if name == POPULATION else panels:
            theme.band(ax, rows["step"], rows[f"{quantity}_low"], rows[f"{quantity}_high"], colour)
            ax.plot(rows["step"], rows[quantity], "o-", color=colour)
        if name != POPULATION:
            # on the falling side, a label's height apart
            lost, k = rows["points_lost"].to_numpy(), rows["points_lost"].argmax()
            height = lost[k] * 0.28
            x = np.exp(np.interp(-height, -lost[k:], np.log(rows["step"].to_numpy()[k:])))
            theme.label(
                right, x, height, f"α = {name}" if name == rates[0] else name, colour, dx=9, dy=3
            )
    exact = data[data["statistics"] == POPULATION]
    theme.label(left, np.exp(np.interp(0.6, exact["accuracy"], np.log(exact["step"]))), 0.6, "exact\nstatistics",
                colours[POPULATION], ha="right", dx=-7, dy=6)  # fmt: skip
    for ax in (left, right):
        ax.set(xscale="log", xlabel="training steps")
    left.set(ylim=(0, 1), title="test accuracy")
    right.set(title="points lost to running averages")
    return figure
