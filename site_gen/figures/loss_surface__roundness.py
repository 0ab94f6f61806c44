"""Condition numbers of units, and how far a quadratic describes their loss."""

import numpy as np
import pandas as pd

from experiments.results import only
from experiments.studies.loss_surface import middle
from site_gen.theme.numbers import percent

TITLE = "Real bowls are long, and quadratic only nearby"
TAGS = ("γ and β", "optimization", "training")
CLAIMS = ("real-bowl-is-round", "real-bowl-is-quadratic")
ID = "bowl-roundness"
SPREAD = ["lower_quartile", "upper_quartile"]
ERROR = ["radius", "error", *SPREAD]
WHY = "condition numbers and errors have columns of their own"
MISSING = dict.fromkeys(("condition", "share", *ERROR), WHY)
COLOURS = {"sigmoid": "batch norm", "tanh": "input"}


def data(results):
    """Condition numbers with the share of units up to each, and the quadratic's error by radius."""
    tables = []
    for name in COLOURS:
        condition = np.sort(results["condition"].sel(activation=name).values.ravel())
        share = np.arange(1, condition.size + 1) / condition.size
        units = pd.DataFrame({"condition": condition, "share": share})
        units = units[np.isfinite(condition)].assign(kind="condition", activation=name)
        error = middle("misfit").at(activation=name)(results).transpose("run", "radius").values
        quartiles = np.quantile(error, (0.5, 0.25, 0.75), axis=0, method="nearest")
        errors = pd.DataFrame(np.vstack([results["radius"], quartiles]).T, columns=ERROR)
        errors = errors[np.isfinite(errors["error"])].assign(kind="error", activation=name)
        tables += [units, errors]
    table = pd.concat(tables, ignore_index=True)
    return table.assign(runs=results.sizes["run"], units=results.sizes["unit"])


def _reached(data, name, share):
    """The condition number up to which this share of units lies, infinite if there is none."""
    units = only(data, kind="condition", activation=name)
    return min(units.loc[units["share"] >= share, "condition"], default=np.inf)


def alt(data):
    half = {name: _reached(data, name, 0.5) for name in COLOURS}
    return f"""Left: share of units against condition number; the smallest is
    {data["condition"].min():.1f}, half of the units are below {half["sigmoid"]:.0f} (sigmoid) and
    {half["tanh"]:.0f} (tanh). Right: the relative error of the quadratic grows with the distance
    from the minimum, from {data["error"].min():.3f} to {data["error"].max():.2f}."""


def caption(data):
    return f"""Units of the upper hidden layer of trained networks, {data["units"].iloc[0]} in each
    of {data["runs"].iloc[0]}. Left: ratio of the Hessian’s eigenvalues at the minimum over
    $\\gamma$ and $\\beta$; a round bowl has 1. Curves end below 1 where some units have no minimum
    nearby. Right: what the quadratic misses of the rise of the loss, median unit, quartiles over
    networks; dashed, in proportion to the distance."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2)
    theme.level(left, x=1, color=theme.colour("theory"), linestyle="--", zorder=2)
    note = {"transform": ("data", "axes fraction"), "weight": "normal"}
    theme.label(left, 1, 0.93, "round", "theory", **note)
    places = {"sigmoid": (0.38, {"dx": 6}), "tanh": (0.62, {"dx": -6, "ha": "right"})}
    for name, colour in COLOURS.items():
        units, (share, place) = only(data, kind="condition", activation=name), places[name]
        theme.curve(left, units, "condition", "share", colour, drawstyle="steps-post")
        x = _reached(data, name, share)
        if np.isfinite(x):
            theme.label(left, x, share, name, colour, **place)
    left.set(xscale="log", xlim=(0.8, 1.2 * data["condition"].max()), ylim=(0, 1))
    left.set(xlabel="condition number", ylabel="share of units")
    theme.ticks(left, x=(1, 10, 100))
    places = {"sigmoid": {"dx": 4, "dy": -14}, "tanh": {"dx": -4, "dy": 14, "ha": "right"}}
    for name, error in data[data["kind"] == "error"].groupby("activation"):
        radius, colour = error["radius"], COLOURS[name]
        theme.band(right, radius, *error[SPREAD].to_numpy().T, colour)
        theme.curve(right, error, "radius", "error", colour, fmt="o-")
        line = error["error"].iloc[0] * radius / radius.iloc[0]
        theme.theory(right, radius, line, linestyle="--", zorder=1.8)
        at = error.iloc[len(error) // 2]
        theme.label(right, at["radius"], at["error"], name, colour, **places[name])
    right.set(xscale="log", xlabel="distance from the minimum")
    right.set(yscale="log", ylabel="relative error of the quadratic")
    theme.ticks(right, x=sorted(data["radius"].dropna().unique()))
    theme.ticks(right, y=(0.01, 0.03, 0.1, 0.3, 1), form=percent)
    return figure
