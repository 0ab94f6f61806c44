"""Condition numbers of units, and how far a quadratic describes their loss."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.studies.loss_surface import middle
from site_gen.theme import Theme

TITLE = "Real bowls are long, and quadratic only nearby"
TAGS = ("γ and β", "optimization", "training")
CLAIMS = ("real-bowl-is-round", "real-bowl-is-quadratic")
ID = "bowl-roundness"
MISSING = dict.fromkeys(
    ("condition", "share", "radius", "error", "lower_quartile", "upper_quartile"),
    "rows of condition numbers and rows of errors have columns of their own",
)

COLOURS = {"sigmoid": "batch norm", "tanh": "input"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Condition numbers with the share of units up to each, and the quadratic's error by radius."""
    tables = []
    for name in COLOURS:
        condition = np.sort(results["condition"].sel(activation=name).values.ravel())
        share = np.arange(1, condition.size + 1) / condition.size
        units = pd.DataFrame({"condition": condition, "share": share})
        units = units[np.isfinite(condition)].assign(kind="condition", activation=name)
        error = middle("misfit", name)(results).transpose("run", "radius").values
        low, half, high = (
            np.quantile(error, q, axis=0, method="nearest") for q in (0.25, 0.5, 0.75)
        )
        columns = {"error": half, "lower_quartile": low, "upper_quartile": high}
        errors = pd.DataFrame({"radius": results["radius"].values, **columns})
        errors = errors[np.isfinite(half)].assign(kind="error", activation=name)
        tables += [units, errors]
    table = pd.concat(tables, ignore_index=True)
    return table.assign(runs=results.sizes["run"], units=results.sizes["unit"])


def _of(data: pd.DataFrame, kind: str, name: str) -> pd.DataFrame:
    return data[(data["kind"] == kind) & (data["activation"] == name)]


def _reached(data: pd.DataFrame, name: str, share: float) -> float:
    """The condition number up to which this share of units lies."""
    units = _of(data, "condition", name)
    return units.loc[units["share"] >= share, "condition"].min()


def alt(data: pd.DataFrame) -> str:
    half = {name: _reached(data, name, 0.5) for name in COLOURS}
    half = {name: np.inf if np.isnan(x) else x for name, x in half.items()}
    return (
        f"Left: share of units against condition number; the smallest is {data['condition'].min():.1f}, "
        f"half of the units are below {half['sigmoid']:.0f} (sigmoid) and {half['tanh']:.0f} (tanh). "
        "Right: the relative error of the quadratic grows with the distance from the minimum, from "
        f"{data['error'].min():.3f} to {data['error'].max():.2f}."
    )


def caption(data: pd.DataFrame) -> str:
    return (
        f"Units of the upper hidden layer of trained networks, {data['units'].iloc[0]} in each of "
        f"{data['runs'].iloc[0]}. Left: ratio of the Hessian’s eigenvalues at the minimum over "
        "$\\gamma$ and $\\beta$; a round bowl has 1. Curves end below 1 where some units have no "
        "minimum nearby. Right: what the quadratic misses of the rise of the loss, median unit, "
        "quartiles over networks; dashed, in proportion to the distance."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2)
    _draw_shares(left, data, theme)
    places = {"sigmoid": {"dx": 4, "dy": -14}, "tanh": {"dx": -4, "dy": 14, "ha": "right"}}
    for name, colour in COLOURS.items():
        error = _of(data, "error", name)
        if error.empty:
            continue
        radius, ends = error["radius"], (error["lower_quartile"], error["upper_quartile"])
        theme.band(right, radius, *ends, colour)
        theme.curve(right, error, "radius", "error", colour, fmt="o-")
        line = error["error"].iloc[0] * radius / radius.iloc[0]
        theme.theory(right, radius, line, linestyle="--", zorder=1.8)
        at = error.iloc[len(error) // 2]
        theme.label(right, at["radius"], at["error"], name, colour, **places[name])
    right.set(xscale="log", yscale="log", xlabel="distance from the minimum")
    right.set_ylabel("relative error of the quadratic")
    theme.ticks(right, x=sorted(data["radius"].dropna().unique()))
    theme.ticks(right, y=(0.01, 0.03, 0.1, 0.3, 1), form=lambda y: f"{100 * y:g} %")
    return figure


def _draw_shares(ax: Axes, data: pd.DataFrame, theme: Theme) -> None:
    """The share of units up to each condition number."""
    theory = theme.colour("theory")
    theme.level(ax, x=1, color=theory, linestyle="--", zorder=2)
    note = {"transform": ("data", "axes fraction"), "dx": 5, "weight": "normal"}
    theme.label(ax, 1, 0.93, "round", theory, **note)
    places = {"sigmoid": (0.38, {"dx": 6}), "tanh": (0.62, {"dx": -6, "ha": "right"})}
    for name, colour in COLOURS.items():
        units, (share, place) = _of(data, "condition", name), places[name]
        theme.curve(ax, units, "condition", "share", colour, drawstyle="steps-post")
        x = _reached(data, name, share)
        if np.isfinite(x):
            theme.label(ax, x, share, name, colour, **place)
    ax.set(xscale="log", xlim=(0.8, 1.2 * data["condition"].max()), ylim=(0, 1))
    ax.set(xlabel="condition number", ylabel="share of units")
    theme.ticks(ax, x=(1, 10, 100))
