"""Growth rate of every direction in a product of Gaussian matrices, measured and exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = (
    "Without batch norm every direction grows at a rate of its own, and the first outruns the rest"
)
TAGS = ("depth", "rank", "theory")
CLAIMS = ("directions-grow-at-known-rates",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every direction: mean growth of its logarithm a layer with its interval, and the exact expectation."""
    values = results["growth"].transpose("run", "direction").values
    half = student.ppf(0.975, len(values) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    centre = values.mean(axis=0)
    return pd.DataFrame({"direction": results["direction"].values, "growth": centre, "low": centre - half, "high": centre + half,
                         "theory": results["predicted_growth"].values, "layers": int(results["layer"].max()), "runs": len(values)})  # fmt: skip


def alt(data: pd.DataFrame) -> str:
    return (f"Growth rates of {len(data)} directions, falling from {data['growth'].iloc[0]:.3f} for the first to {data['growth'].iloc[-1]:.2f} for the last, "
            f"on the exact line; the gaps widen towards the last.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"How much the logarithm of each direction's length grows a layer in products of {data['layers'].iloc[0]} Gaussian matrices of size {len(data)}, from "
            f"the largest down. Points: mean of {data['runs'].iloc[0]} products with 95 % intervals, mostly smaller than the points; line: the exact expectation.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.2)
    colour = theme.colour("none")
    ax.plot(
        data["direction"], data["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
    )
    ax.vlines(data["direction"], data["low"], data["high"], color=colour, linewidth=2)
    ax.plot(data["direction"], data["growth"], "o", color=colour, markersize=4.5)
    ax.set(
        xlabel="direction, from the largest",
        ylabel="growth of the logarithm a layer",
        xlim=(0, len(data) + 1),
    )
    return figure
