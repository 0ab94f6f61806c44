"""Angle of a step in equilibrium, against the product of rate and weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "In equilibrium a step turns the weights by √(2ηλ), whatever the gradient"
TAGS = ("effective learning rate", "weight decay")
CLAIMS = ("a-step-turns-by-rate-times-decay", "only-the-product-counts")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every pair of rate and decay: the angle in radians (root mean square over units, mean and range over runs)."""
    turn = np.sqrt(np.square(results["turn"]).mean("unit"))
    table = pd.DataFrame({
        "rate": results["rate"].values, "decay": results["decay"].values,
        "product": results["rate"].values * results["decay"].values,
        "angle": turn.mean("run").values, "angle_min": turn.min("run").values, "angle_max": turn.max("run").values,
        "theory": results["turn_theory"].values,
        "runs": results.sizes["run"], "units": results.sizes["unit"],
    })  # fmt: skip
    return table.sort_values(["product", "rate"], ignore_index=True)


def alt(data: pd.DataFrame) -> str:
    return (f"Angle of a step against the product of rate and decay, both logarithmic: {len(data)} points on the line √(2ηλ), from "
            f"{np.degrees(data['angle'].min()):.1f} to {np.degrees(data['angle'].max()):.0f} degrees, none more than "
            f"{100 * (data['angle'] / data['theory'] - 1).abs().max():.1g} % off.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    off = (data["angle"] / data["theory"] - 1).abs().max()
    return (f"Root mean square angle of a step of SGD in the second half of training; {data['runs'].iloc[0]} runs of "
            f"{data['units'].iloc[0]} units (their range is smaller than the points). Line: $\\sqrt{{2\\eta\\lambda}}$; the largest deviation is "
            f"{100 * off:.1g} %. Three of the points have the same product from rates that differ by a factor of "
            f"{data['rate'].max() / data['rate'].min():.0f}.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
    products = np.geomspace(data["product"].min() / 1.6, 1.6 * data["product"].max(), 50)
    ax.plot(
        products,
        np.degrees(np.sqrt(2 * products)),
        color=theme.colour("theory"),
        linewidth=1,
        zorder=1.9,
    )
    ax.plot(
        data["product"],
        np.degrees(data["angle"]),
        "o",
        color=theme.colour("batch norm"),
        markersize=7,
    )
    for product, rows in data.groupby(data["product"].round(9)):
        names = "\n".join(
            f"η = {rate:g}, λ = {decay:g}"
            for rate, decay in zip(rows["rate"], rows["decay"], strict=True)
        )
        theme.label(ax, product, np.degrees(rows["angle"].mean()), names, theme.colour("batch norm"), dx=9, dy=-4,
                    weight="normal", va="top")  # fmt: skip
    middle = products[len(products) // 2]
    theme.label(ax, middle, np.degrees(np.sqrt(2 * middle)), "√(2ηλ)", theme.colour("theory"), dx=-8, dy=8, ha="right",
                weight="normal")  # fmt: skip
    ticks = [t for t in (1, 2, 5, 10, 20, 45) if data["angle"].min() < np.radians(2 * t) and t < 45]
    ax.set(xscale="log", yscale="log", xlabel="rate times weight decay, ηλ", ylabel="angle of a step (degrees)",
           xlim=(products[0], 2.5 * products[-1]))  # fmt: skip
    ax.set_yticks(ticks, labels=[f"{t}" for t in ticks])
    ax.minorticks_off()
    return figure
