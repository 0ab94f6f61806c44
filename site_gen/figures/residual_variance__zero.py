"""How far a network that starts with γ = 0 moves away from the identity, by step, for two places of γ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "From γ = 0 at the end of the branch a network leaves the identity; in front of the ReLU it cannot"
TAGS = ("depth", "residual networks", "initialization")
CLAIMS = ("zero-gamma-starts-as-identity",)

PLACES = {"last": "γ at the end of the branch", "first": "γ in front of the ReLU"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every place of γ and step: root mean square of output minus input, mean over networks with its interval."""
    rows = []
    for place in PLACES:
        values = results["zero_moved"].sel(place=place).transpose("run", "step").values
        centre, runs = values.mean(axis=0), len(values)
        half = student.ppf(0.975, runs - 1) * values.std(axis=0, ddof=1) / np.sqrt(runs)
        rows.append(pd.DataFrame({"place": place, "step": results["step"].values, "moved": centre, "low": centre - half,
                                  "high": centre + half, "runs": runs}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _end(data: pd.DataFrame, place: str) -> float:
    return float(data.loc[data["place"] == place, "moved"].iloc[-1])


def alt(data: pd.DataFrame) -> str:
    return (f"Distance of a network's output from its input over {data['step'].max()} steps. Both start at zero. With γ at the end of the branch the distance rises "
            f"from the first step on, to {_end(data, 'last'):.2f}; with γ in front of the ReLU it is {_end(data, 'first'):.0f} to the end.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Root mean square of output minus input of residual networks that start with $\\gamma = 0$ in every block, in steps of gradient descent "
            f"towards random targets. The input has a root mean square of about 1. Mean of {data['runs'].iloc[0]} networks; the band is a 95 % interval.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.0)
    last = int(data["step"].max())
    for (place, name), key in zip(PLACES.items(), ("batch norm", "negative"), strict=True):
        rows, colour = data[data["place"] == place], theme.colour(key)
        theme.band(ax, rows["step"], rows["low"], rows["high"], colour)
        ax.plot(rows["step"], rows["moved"], color=colour)
        at = rows.iloc[round(0.6 * last)]
        up = place == "last"
        theme.label(
            ax,
            at["step"],
            at["moved"],
            name,
            colour,
            ha="right" if up else "center",
            dx=-10 if up else 0,
            dy=8 if up else 10,
        )
    ax.set(xlabel="step", ylabel="RMS of output − input", xlim=(0, last))
    ax.set_xticks(range(0, last + 1, max(1, last // 4)))
    return figure
