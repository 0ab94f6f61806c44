"""Gradient descent on the bowl: the distance by step, and the factor of a step by rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.results import rows
from experiments.theory.optimization import BOWL_MINIMUM
from site_gen.theme import Theme

TITLE = "On the bowl every step multiplies the distance by the same factor"
TAGS = ("γ and β", "learning rates", "optimization")
CLAIMS = ("bowl-contraction", "bowl-edge")

SHOWN = (0.05, 0.2, 0.4, 0.9, 1.1)  # rates whose distances are drawn step by step


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every rate and step: distance from the minimum (median of the runs), and its theory."""
    off = (results["bowl_path"] - np.array(BOWL_MINIMUM)).transpose("bowl_rate", "bowl_step", ...)
    distance = np.sqrt(np.square(off).sum("parameter")).median("run").rename("distance")
    factor, factor_theory = results["bowl_factor"].median("run"), abs(1 - 2 * off["bowl_rate"])
    distance_theory = distance[:, 0] * factor_theory ** off["bowl_step"]
    columns = {"factor": factor, "factor_theory": factor_theory, "distance_theory": distance_theory}
    table = rows(distance, *(array.rename(name) for name, array in columns.items()))
    table = table.rename(columns={"bowl_rate": "rate", "bowl_step": "step"})
    return table.assign(runs=results.sizes["run"])


def alt(data: pd.DataFrame) -> str:
    half = data[np.isclose(data["rate"], 0.5)]["factor"].iloc[0]
    return (
        "Left: distance from the minimum by step, straight lines on a logarithmic scale, falling for "
        "rates below 1 and rising above. Right: the factor of a step against the rate, a V with its "
        f"tip at a rate of 0.5, where it is {half:.0f}, and at 1 again at a rate of 1."
    )


def caption(data: pd.DataFrame) -> str:
    off = (data["factor"] - data["factor_theory"]).abs().max()
    return (
        "Gradient descent with rate $\\alpha$ on $(\\gamma - 1.5)^2 + (\\beta - 0.8)^2$ from points as "
        "far away as $(1, 0)$: the mean squared error of a batch norm layer on a batch. Points: "
        f"through the layer’s forward and backward pass, {data['runs'].iloc[0]} batches; lines: "
        f"$|1 - 2\\alpha|$, at most {off:.0e} away. At $\\alpha = 1/2$ the first step arrives."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2)
    _draw_distances(left, data, theme)
    rates, bn = np.linspace(0, 1.15, 231), theme.colour("batch norm")
    theory = theme.colour("theory")
    theme.level(right, y=1, color=theory, linestyle="--", zorder=1.8)
    theme.theory(right, rates, np.abs(1 - 2 * rates))
    theme.points(right, data.drop_duplicates("rate"), "rate", "factor", bn)
    theme.label(right, 0.5, 0, "one step", bn, dx=0, dy=-12, ha="center")
    theme.label(right, 0.22, 0.56, "|1 − 2α|", theory, dx=8, dy=4, weight="normal")
    right.set(xlim=(0, 1.18), ylim=(-0.15, 1.35))
    right.set(xlabel="learning rate α", ylabel="factor of a step")
    return figure


def _draw_distances(ax: Axes, data: pd.DataFrame, theme: Theme) -> None:
    """Step by step, for some rates."""
    lifts = {0.05: 4, 0.9: -6}  # of labels that would overlap
    for rate, colour in zip(SHOWN, theme.sequence(len(SHOWN)), strict=True):
        curve = data[np.isclose(data["rate"], rate) & (data["step"] <= 12)]
        theme.theory(ax, curve["step"], curve["distance_theory"], color=colour)
        theme.points(ax, curve, "step", "distance", colour, markersize=4)
        end = curve.iloc[-1] if rate != 0.4 else curve[curve["distance"] > 1e-4].iloc[-1]
        place = end["step"], end["distance"]
        theme.label(ax, *place, f"α = {rate:g}", colour, dx=6, dy=lifts.get(rate, 0))
    ax.set(yscale="log", ylim=(3e-5, 60), xlim=(-0.5, 16.5), xticks=(0, 4, 8, 12))
    ax.set(xlabel="step", ylabel="distance from the minimum")
    ax.set_yticks([1e-4, 1e-2, 1], labels=["10⁻⁴", "10⁻²", "1"])
    ax.minorticks_off()
