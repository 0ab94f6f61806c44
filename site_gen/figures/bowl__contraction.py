"""Gradient descent on the bowl: the distance by step, and the factor of a step by rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "On the bowl every step multiplies the distance by the same factor"
TAGS = ("γ and β", "learning rates", "optimization")
CLAIMS = ("bowl-contraction", "bowl-edge")

SHOWN = (0.05, 0.2, 0.4, 0.9, 1.1)  # rates whose distances are drawn step by step
MINIMUM = (1.5, 0.8)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every rate and step: the distance from the minimum (median of the runs) and |1 − 2α|ᵗ times the first."""
    off = results["bowl_path"] - np.array(MINIMUM)
    distance = (
        np.sqrt(np.square(off).sum("parameter")).median("run").transpose("bowl_rate", "bowl_step")
    )
    table = distance.reset_coords(drop=True).to_dataframe("distance").reset_index()
    table = table.rename(columns={"bowl_rate": "rate", "bowl_step": "step"})
    start = table.groupby("rate")["distance"].transform("first")
    factor = np.abs(1 - 2 * table["rate"])
    first = results["bowl_factor"].median("run").to_series()
    table = table.assign(
        distance_theory=start * factor ** table["step"],
        factor=table["rate"].map(first),
        factor_theory=factor,
    )
    return table.assign(runs=results.sizes["run"])


def alt(data: pd.DataFrame) -> str:
    half = data[np.isclose(data["rate"], 0.5)]["factor"].iloc[0]
    return (f"Left: distance from the minimum by step, straight lines on a logarithmic scale, falling for rates below 1 and rising above. Right: the factor of a step "
            f"against the rate, a V with its tip at a rate of 0.5, where it is {half:.0f}, and at 1 again at a rate of 1.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    off = (data["factor"] - data["factor_theory"]).abs().max()
    return (f"Gradient descent with rate $\\alpha$ on $(\\gamma - 1.5)^2 + (\\beta - 0.8)^2$ from points as far away as $(1, 0)$: the mean squared error of a batch norm layer "
            f"on a batch. Points: through the layer’s forward and backward pass, {data['runs'].iloc[0]} batches; lines: $|1 - 2\\alpha|$, at most "
            f"{off:.0e} away. At $\\alpha = 1/2$ the first step arrives.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2)
    for rate, colour in zip(SHOWN, theme.sequence(len(SHOWN)), strict=True):
        rows = data[np.isclose(data["rate"], rate) & (data["step"] <= 12)]
        left.plot(rows["step"], rows["distance_theory"], color=colour, linewidth=1)
        left.plot(rows["step"], rows["distance"], "o", color=colour, markersize=4)
        end = rows.iloc[-1] if rate != 0.4 else rows[rows["distance"] > 1e-4].iloc[-1]
        theme.label(
            left,
            end["step"],
            end["distance"],
            f"α = {rate:g}",
            colour,
            dx=6,
            dy=-6 if rate == 0.9 else 4 if rate == 0.05 else 0,
        )
    left.set(
        yscale="log",
        ylim=(3e-5, 60),
        xlim=(-0.5, 16.5),
        xticks=(0, 4, 8, 12),
        xlabel="step",
        ylabel="distance from the minimum",
    )
    left.set_yticks([1e-4, 1e-2, 1], labels=["10⁻⁴", "10⁻²", "1"])
    left.minorticks_off()
    rates = np.linspace(0, 1.15, 231)
    theory = theme.colour("theory")
    right.axhline(1, color=theory, linewidth=1, linestyle="--", zorder=1.8)
    right.plot(rates, np.abs(1 - 2 * rates), color=theory, linewidth=1)
    once = data.drop_duplicates("rate")
    right.plot(once["rate"], once["factor"], "o", color=theme.colour("batch norm"))
    theme.label(right, 0.5, 0, "one step", theme.colour("batch norm"), dx=0, dy=-12, ha="center")
    theme.label(right, 0.22, 0.56, "|1 − 2α|", theory, dx=8, dy=4, weight="normal")
    right.set(
        xlim=(0, 1.18), ylim=(-0.15, 1.35), xlabel="learning rate α", ylabel="factor of a step"
    )
    return figure
