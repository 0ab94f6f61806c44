"""By what a step of plain gradient descent multiplies the distance, near the edge of stability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Without batch norm there is an edge, at two over the largest eigenvalue"
TAGS = ("learning rates", "optimization")
CLAIMS = ("descent-has-an-edge", "descent-factor")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition number and rate: the factor of a step, median and range over runs, and the closed form."""
    factor = results["factor"]
    table = pd.DataFrame({
        name: values.reset_coords(drop=True).to_dataframe(name)[name] for name, values in (
            ("factor", factor.median("run")), ("factor_min", factor.min("run")), ("factor_max", factor.max("run")),
            ("theory", results["factor_theory"]))
    })  # fmt: skip
    return (
        table.reset_index()
        .rename(columns={"share": "share_of_edge"})
        .assign(runs=results.sizes["run"])
    )


def alt(data: pd.DataFrame) -> str:
    return (f"Factor of a step on the distance from the solution against the rate: it falls at first, reaches 1 at the edge for all "
            f"{data['condition'].nunique()} condition numbers, and is {data['factor'].max():.2f} at {data['share_of_edge'].max():g} times the edge.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    off = max((data[name] - data["theory"]).abs().max() for name in ("factor_min", "factor_max"))
    return (f"Plain gradient descent on least squares, rates as shares of $2/\\lambda_{{\\max}}$. Points: median of {data['runs'].iloc[0]} runs; "
            f"lines: $\\max |1 - \\eta\\lambda|$, at most {off:.0e} from any run. The best rate leaves a factor that nears 1 as the condition "
            f"number grows.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
    shares = np.linspace(0.05, 1.55, 301)
    groups = list(data.groupby("condition"))
    ax.axhline(1, color=theme.colour("theory"), linewidth=1, linestyle="--", zorder=1.8)
    # The last line hardly dips; the others are labelled where they are lowest.
    for k, ((condition, rows), colour) in enumerate(
        zip(groups, theme.sequence(len(groups)), strict=True)
    ):
        line = np.maximum(np.abs(1 - 2 * shares), np.abs(1 - 2 * shares / condition))
        ax.plot(shares, line, color=colour, linewidth=1)
        ax.plot(rows["share_of_edge"], rows["factor"], "o", color=colour)
        last = k == len(groups) - 1
        at = int(np.argmin(np.abs(shares - 0.3))) if last else int(np.argmin(line))
        side = (
            {"dx": 0, "dy": 9}
            if last
            else {"ha": "right", "dx": -16, "dy": -4}
            if k == 0
            else {"dx": 22, "dy": -4}
        )
        theme.label(ax, shares[at], line[at], f"condition number {condition:g}", colour, **side)
    theme.label(
        ax,
        1,
        0.06,
        "2/λₘₐₓ",
        theme.colour("theory"),
        transform=("data", "axes fraction"),
        dx=6,
        weight="normal",
    )
    ax.axvline(1, color=theme.colour("theory"), linewidth=1, linestyle="--", zorder=1.8)
    ax.set(
        xlabel="learning rate, share of 2/λₘₐₓ",
        ylabel="factor of a step",
        ylim=(0.5, 2.1),
        xlim=(0, 1.6),
    )
    return figure
