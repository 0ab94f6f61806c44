"""Units with gradients of different size: how long their weights become, and how far a step turns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "A larger gradient makes longer weights, not faster turning ones"
TAGS = ("effective learning rate", "weight decay")
CLAIMS = ("length-settles", "larger-gradients-learn-faster")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every pair of rate and decay and unit: means over runs; the angle in radians."""
    variables = [
        "unit_gradient",
        "fourth_power",
        "fourth_power_theory",
        "fourth_power_next",
        "turn",
    ]
    table = results[variables].mean("run").to_dataframe().reset_index()
    extra = results[["rate", "decay", "turn_theory"]].to_dataframe().reset_index()
    table = table.merge(extra, on="setting")
    return table.drop(columns="setting").rename(columns={"turn": "angle", "turn_theory": "angle_theory"}).assign(
        runs=results.sizes["run"])  # fmt: skip


def _spread(data: pd.DataFrame) -> tuple[float, float]:
    """Over the units of one pair, at most: largest over smallest squared gradient; and angle."""
    groups = data.groupby(["rate", "decay"])
    gradient, angle = groups["unit_gradient"], groups["angle"]
    return (gradient.max() / gradient.min()).max(), (angle.max() / angle.min()).max()


def alt(data: pd.DataFrame) -> str:
    gradient, angle = _spread(data)
    return (f"Left: the mean of ‖w‖⁴ against its closed form, points along the diagonal over {np.log10(data['fourth_power'].max() / data['fourth_power'].min()):.0f} "
            f"powers of ten. Right: the angle of a step is a flat line over units whose squared gradients differ by a factor of {gradient:.0f}; "
            f"it differs by {100 * (angle - 1):.1g} % at most.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    product = data["rate"] * data["decay"]
    off, after = ((data["fourth_power"] / data[name] - 1).abs()[product == product.max()].max()
                  for name in ("fourth_power_theory", "fourth_power_next"))  # fmt: skip
    return (f"Means over {data['runs'].iloc[0]} runs, each point one of {data['unit'].nunique()} units at one $\\eta$ and $\\lambda$. Left: on the line, "
            f"$\\lVert w \\rVert^4$ is $\\eta/(2\\lambda)$ times the squared gradient at length 1; the largest deviation at "
            f"$\\eta\\lambda = {product.max():.2g}$ is {100 * off:.0f} %, of which the next order leaves {100 * after:.0f} %. Right: the same units, and "
            f"$\\sqrt{{2\\eta\\lambda}}$ as lines.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.6)
    ends = np.array([data["fourth_power_theory"].min() / 2, 2 * data["fourth_power_theory"].max()])
    left.plot(ends, ends, color=theme.colour("theory"), linewidth=1, zorder=1.9)
    products = sorted(set((data["rate"] * data["decay"]).round(9)))
    colours = dict(zip(products, theme.sequence(len(products)), strict=True))
    for (rate, decay), rows in data.groupby(["rate", "decay"]):
        colour = colours[round(rate * decay, 9)]
        left.plot(rows["fourth_power_theory"], rows["fourth_power"], "o", color=colour)
        right.plot(rows["unit_gradient"], np.degrees(rows["angle"]), "o", color=colour)
    low, high = data["unit_gradient"].min() / 1.3, 1.3 * data["unit_gradient"].max()
    for product, colour in colours.items():
        angle = np.degrees(np.sqrt(2 * product))
        right.plot(
            [low, high], [angle, angle], color=theme.colour("theory"), linewidth=1, zorder=1.9
        )
        theme.label(right, high, angle, f"ηλ = {product:g}", colour, dx=4)
    left.set(
        xscale="log",
        yscale="log",
        xlabel="η/(2λ) · squared gradient at length 1",
        ylabel="mean of ‖w‖⁴",
    )
    right.set(xscale="log", yscale="log", xlabel="squared gradient at length 1", ylabel="angle of a step (degrees)",
              xlim=(low, 3.4 * high))  # fmt: skip
    ticks = [2, 5, 10, 20]
    right.set_yticks(ticks, labels=[f"{t}" for t in ticks])
    right.set_xticks([0.03, 0.1, 0.3], labels=["0.03", "0.1", "0.3"])
    right.minorticks_off()
    return figure
