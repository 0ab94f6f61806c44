"""Analytic derivatives of batch norm against central differences of every step size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from site_gen.theme import Theme

TITLE = "The derived gradient equals the numerical one, as far as numbers go"
TAGS = ("transform", "gradients", "check")
CLAIMS = ("bias-is-redundant", "neutral-start")
ID = "anatomy-differences"

NAMES = {
    "input": "input x",
    "weight": "weights in front",
    "gamma": "γ",
    "beta": "β",
    "bias": "bias in front",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every parameter and step: median, smallest and largest error over runs."""
    error = results["difference_error"].sel(parameter=list(NAMES))
    columns = {"error": "median", "error_min": "min", "error_max": "max"}
    table = rows(*(getattr(error, how)("run").rename(name) for name, how in columns.items()))
    return table.rename(columns={"difference_step": "step"}).assign(runs=results.sizes["run"])


def _best(data: pd.DataFrame) -> pd.Series:
    """The smallest median error of each parameter but the bias."""
    return data[data["parameter"] != "bias"].groupby("parameter")["error"].min()


def alt(data: pd.DataFrame) -> str:
    best, bias = _best(data), data[data["parameter"] == "bias"]["error"].min()
    return (
        "Five curves of the error against the step. Four fall as the square of the step, reach at best "
        f"{best.min():.0e} to {best.max():.0e} and rise again as round-off takes over; the bias, whose "
        f"gradient is zero, only has round-off, {bias:.0e} at best."
    )


def caption(data: pd.DataFrame) -> str:
    return (
        "Difference between the analytic and the central-difference derivative along a random "
        f"direction, relative to the length of the gradient: medians of {data['runs'].iloc[0]} random "
        "networks. Dashed: the slope of a truncation error, $h^2$, and of round-off, $10^{-16}/h$. The "
        "bias in front of the normalization has no truncation error, since it does not change the loss "
        "at all; its error is relative to the gradient above."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.9)
    steps = data["step"].unique()
    coarse, fine = steps[steps > 1e-6], steps[steps < 1e-4]
    middle = coarse[len(coarse) // 2]
    theme.theory(ax, coarse, coarse**2, linestyle="--")
    theme.theory(ax, fine, 1e-16 / fine, linestyle="--")
    guide = {"colour": theme.colour("theory"), "weight": "normal"}
    theme.label(ax, middle, middle**2, "h²", ha="right", dx=-5, dy=5, **guide)
    theme.label(ax, fine[0], 1e-16 / fine[0], "10⁻¹⁶/h", dx=4, dy=9, **guide)
    colours = dict(zip(NAMES, [*theme.sequence(4), theme.colour("none")], strict=True))
    for name, colour in colours.items():
        curve = data[data["parameter"] == name]
        theme.curve(ax, curve, "step", "error", colour, fmt="o-", linewidth=1)
    ends = data[data["step"] == steps[-1]].sort_values("error", ascending=False)
    height, lift = np.inf, 8  # the first label stands above its point, to leave room for the others
    for name, error in zip(ends["parameter"], ends["error"], strict=True):
        height, lift = min(lift * error, height / 14), 1  # labels lie at least one line apart
        theme.label(ax, steps[-1], height, NAMES[name], colours[name], dx=7)
    ax.set(xscale="log", yscale="log", xlim=(0.7e-10, 1.6e-1), ylim=(3e-18, 1e-1))
    ax.set(xlabel="step h of the central difference", ylabel="relative error")
    return figure
