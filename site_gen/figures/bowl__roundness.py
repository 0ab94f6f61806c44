"""Condition numbers of units, and how far a quadratic describes their loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Real bowls are long, and quadratic only nearby"
TAGS = ("γ and β", "optimization", "training")
CLAIMS = ("real-bowl-is-round", "real-bowl-is-quadratic")
MISSING = dict.fromkeys(
    ("condition", "share", "radius", "error", "lower_quartile", "upper_quartile"),
    "rows of condition numbers and rows of errors have columns of their own",
)

COLOURS = {"sigmoid": "batch norm", "tanh": "input"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Rows of two kinds: condition numbers, in order, with the share of units up to each; and the quadratic's error by radius."""
    tables = []
    for name in COLOURS:
        one = results.sel(activation=name)
        condition = np.sort(one["condition"].values.ravel())
        share = np.arange(1, condition.size + 1) / condition.size
        found = np.isfinite(condition)
        tables.append(
            pd.DataFrame(
                {
                    "kind": "condition",
                    "activation": name,
                    "condition": condition[found],
                    "share": share[found],
                }
            )
        )
        error = np.quantile(
            one["misfit"].transpose("radius", "run", "unit").values, 0.5, axis=2, method="lower"
        )
        low, middle, high = (
            np.quantile(error, q, axis=1, method="nearest") for q in (0.25, 0.5, 0.75)
        )
        tables.append(pd.DataFrame({"kind": "error", "activation": name, "radius": results["radius"].values, "error": middle,
                                    "lower_quartile": low, "upper_quartile": high}))  # fmt: skip
    table = pd.concat(tables, ignore_index=True)
    return table[np.isfinite(table["error"]) | (table["kind"] == "condition")].assign(
        runs=results.sizes["run"], units=results.sizes["unit"]
    )


def _of(data: pd.DataFrame, kind: str, name: str) -> pd.DataFrame:
    return data[(data["kind"] == kind) & (data["activation"] == name)]


def _middle(data: pd.DataFrame, name: str) -> float:
    rows = _of(data, "condition", name)
    return (
        float(rows.loc[rows["share"] >= 0.5, "condition"].min())
        if (rows["share"] >= 0.5).any()
        else np.inf
    )


def alt(data: pd.DataFrame) -> str:
    smallest = data["condition"].min()
    return (f"Left: share of units against condition number; the smallest is {smallest:.1f}, half of the units are below {_middle(data, 'sigmoid'):.0f} (sigmoid) and "
            f"{_middle(data, 'tanh'):.0f} (tanh). Right: the relative error of the quadratic grows with the distance from the minimum, from "
            f"{data['error'].min():.3f} to {data['error'].max():.2f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Units of the upper hidden layer of trained networks, {data['units'].iloc[0]} in each of {data['runs'].iloc[0]}. Left: ratio of the Hessian’s eigenvalues at the minimum "
            f"over $\\gamma$ and $\\beta$; a round bowl has 1. Curves end below 1 where some units have no minimum nearby. Right: what the quadratic misses of the rise "
            f"of the loss, median unit, quartiles over networks; dashed, in proportion to the distance.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2)
    left.axvline(1, color=theme.colour("theory"), linewidth=1, linestyle="--")
    theme.label(
        left,
        1,
        0.93,
        "round",
        theme.colour("theory"),
        transform=("data", "axes fraction"),
        dx=5,
        weight="normal",
    )
    for name, key in COLOURS.items():
        colour, rows, error = (
            theme.colour(key),
            _of(data, "condition", name),
            _of(data, "error", name),
        )
        left.plot(rows["condition"], rows["share"], color=colour, drawstyle="steps-post")
        if error.empty:
            continue
        theme.band(right, error["radius"], error["lower_quartile"], error["upper_quartile"], colour)
        right.plot(error["radius"], error["error"], "o-", color=colour)
        right.plot(error["radius"], error["error"].iloc[0] * error["radius"] / error["radius"].iloc[0], color=theme.colour("theory"),
                   linewidth=1, linestyle="--", zorder=1.8)  # fmt: skip
        last = error.iloc[len(error) // 2]
        theme.label(right, last["radius"], last["error"], name, colour, dx=-4 if name == "tanh" else 4, dy=14 if name == "tanh" else -14,
                    ha="right" if name == "tanh" else "left")  # fmt: skip
    top = data["condition"].max()
    left.set(
        xscale="log",
        xlim=(0.8, 1.2 * top),
        ylim=(0, 1),
        xlabel="condition number",
        ylabel="share of units",
    )
    for name, at in (("tanh", 0.62), ("sigmoid", 0.38)):
        rows = _of(data, "condition", name)
        if (rows["share"] >= at).any():
            x = rows.loc[rows["share"] >= at, "condition"].min()
            theme.label(
                left,
                x,
                at,
                name,
                theme.colour(COLOURS[name]),
                dx=-6 if name == "tanh" else 6,
                ha="right" if name == "tanh" else "left",
            )
    right.set(
        xscale="log",
        yscale="log",
        xlabel="distance from the minimum",
        ylabel="relative error of the quadratic",
    )
    left.set_xticks([1, 10, 100], labels=["1", "10", "100"])
    left.minorticks_off()
    radii = sorted(data["radius"].dropna().unique())
    right.set_xticks(radii, labels=[f"{r:g}" for r in radii])
    right.set_yticks([0.01, 0.03, 0.1, 0.3, 1], labels=["1 %", "3 %", "10 %", "30 %", "100 %"])
    right.minorticks_off()
    return figure
