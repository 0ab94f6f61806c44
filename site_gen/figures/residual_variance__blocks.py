"""Variance and mean square of a unit after each residual block, with and without batch norm, measured and predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With batch norm every residual block adds the same; without it every block doubles"
TAGS = ("depth", "residual networks", "initialization")
CLAIMS = ("residual-variance-grows-linearly", "plain-residual-doubles")

NORMS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every norm, quantity and block: mean over networks with its interval, and the closed form; the largest batch."""
    batch = int(results["batch"].max())
    rows = []
    for norm in NORMS:
        at = results.sel(norm=norm, batch=batch)
        for name, law in (("mean_square", "predicted_square"), ("variance", "predicted_variance")):
            values = at[name].transpose("run", "block").values
            centre, runs = values.mean(axis=0), len(values)
            half = student.ppf(0.975, runs - 1) * values.std(axis=0, ddof=1) / np.sqrt(runs)
            rows.append(pd.DataFrame({"norm": norm, "quantity": name, "block": results["block"].values, "measured": centre,
                                      "low": centre - half, "high": centre + half, "theory": at[law].values, "batch": batch,
                                      "runs": runs}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _last(data: pd.DataFrame, norm: str, quantity: str) -> pd.Series:
    rows = data[(data["norm"] == norm) & (data["quantity"] == quantity)]
    return rows.iloc[-1]


def _power(number: float) -> str:
    return (
        f"10{str(round(np.log10(number))).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    )


def alt(data: pd.DataFrame) -> str:
    plain, square, variance = (
        _last(data, "none", "mean_square"),
        _last(data, "batch norm", "mean_square"),
        _last(data, "batch norm", "variance"),
    )
    return (f"Two panels over {plain['block']} residual blocks. Without batch norm, on a logarithmic axis, mean square and variance rise along nearly straight "
            f"lines, the mean square to about {_power(plain['measured'])}. With it, on a linear axis, both rise along straight lines, to "
            f"{square['measured']:.1f} and {variance['measured']:.1f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    worst = data[data["norm"] == "batch norm"]
    away = (worst["measured"] / worst["theory"] - 1).abs().max()
    plain = data[(data["norm"] == "none") & (data["quantity"] == "variance")]
    return (f"Mean square and variance over the batch of a unit after each block, at the start, for a batch of {data['batch'].iloc[0]}. Points: mean of "
            f"{data['runs'].iloc[0]} networks with 95 % intervals; lines: the prediction for wide layers, with batch norm at most "
            f"{100 * away:.1f} % away; without it the variance ends at {(plain['measured'] / plain['theory']).iloc[-1]:.1f} times the prediction, since an average over "
            f"networks is ruled by the largest. Left the scale is logarithmic, right it is linear.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6)
    last = int(data["block"].max())
    for ax, (norm, title) in zip(axes, NORMS.items(), strict=True):
        for name, colour in (("mean_square", theme.muted), ("variance", theme.colour(norm))):
            rows = data[(data["norm"] == norm) & (data["quantity"] == name)]
            ax.plot(
                rows["block"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
            )
            some = rows[rows["block"] % max(1, last // 16) == 0]
            ax.vlines(
                some["block"],
                some["low"].clip(lower=some["measured"] / 4),
                some["high"],
                color=colour,
                linewidth=2,
            )
            ax.plot(some["block"], some["measured"], "o", color=colour, markersize=4.5)
        ax.set(title=title, xlabel="block", xlim=(-0.02 * last, 1.03 * last))
    square, variance = (
        data[(data["norm"] == "batch norm") & (data["quantity"] == q)].set_index("block")["theory"]
        for q in ("mean_square", "variance")
    )
    at = round(0.62 * last)
    theme.label(axes[1], at, square[at], "mean square", theme.muted, ha="right", dx=-8, dy=8)
    theme.label(axes[1], at, variance[at], "variance", theme.colour("batch norm"), dx=8, dy=-8)
    plain = data[(data["norm"] == "none") & (data["quantity"] == "variance")].set_index("block")[
        "theory"
    ]
    theme.label(axes[0], at, 2.0**at, "mean square", theme.muted, ha="right", dx=-8, dy=8)
    theme.label(axes[0], at, plain[at], "variance", theme.colour("none"), dx=8, dy=-8)
    axes[0].set(yscale="log", ylabel="of a unit, after the block")
    axes[1].set(ylim=(0, None))
    return figure
