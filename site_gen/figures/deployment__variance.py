"""Error of the float32 variance by six algorithms, against the distance of the data from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "One pass loses the variance with the square of the offset, one subtraction saves it"
TAGS = ("deployment", "precision", "float32")
CLAIMS = (
    "one-pass-variance-is-enough",
    "one-pass-error-is-bounded",
    "shifting-cures-one-pass",
    "welford-cures-one-pass",
)

COLOURS = {"one pass": "none", "Welford": "gradient", "in parts": "group norm", "two passes": "layer norm", "one pass, shifted": "batch norm",
           "two passes, shifted": "input"}  # fmt: skip


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run, algorithm and offset: root mean square and largest relative error, and u (1 + mean²/variance)."""
    table = results[["variance_error", "variance_worst"]].to_dataframe().reset_index()
    return table.assign(theory=table["variance_offset"].map(results["variance_scale"].to_series()))


def _far(data: pd.DataFrame, name: str) -> float:
    """Root mean square error at the largest offset, as drawn."""
    far = data[
        (data["algorithm"] == name) & (data["variance_offset"] == data["variance_offset"].max())
    ]
    return float(np.sqrt(np.square(far["variance_error"]).mean()))


def alt(data: pd.DataFrame) -> str:
    return (f"On logarithmic axes the error of one pass rises with slope two to {_far(data, 'one pass'):.0e}, those of Welford's updates and of combined parts with slope one "
            f"to {_far(data, 'Welford'):.0e} and {_far(data, 'in parts'):.0e}; with the first sample subtracted they are {_far(data, 'one pass, shifted'):.0e} in one pass "
            f"and {_far(data, 'two passes, shifted'):.0e} in two.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Relative error of the variance of Gaussian float32 data of standard deviation 1: root mean square over {data['run'].nunique()} runs. Line: "
            f"$u\\,(1 + \\mu^2/\\sigma^2)$ with $u = 2^{{-24}}$. “Shifted”: the first sample is subtracted first, as this site's engine does before its two "
            f"passes. “In parts”: two passes over each of 8 shards, combined.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=4.2)
    mean = np.sqrt(
        np.square(data.set_index(["algorithm", "variance_offset"])["variance_error"])
        .groupby(level=[0, 1])
        .mean()
    )
    line = data.groupby("variance_offset")["theory"].first()
    ax.plot(line.index, line, color=theme.colour("theory"), linewidth=1, zorder=1.9)
    for name, condition in COLOURS.items():
        ax.plot(mean[name].index, mean[name], "o-", color=theme.colour(condition), linewidth=1)
    end = line.index[-1]
    for name, condition in COLOURS.items():
        dy = {"Welford": 7, "in parts": -7, "two passes": -1}.get(name, 0)
        if name == "two passes":
            theme.label(ax, end, mean[name].iloc[-1] / 40, name, theme.colour(condition))
        else:
            theme.label(ax, end, mean[name].iloc[-1], name, theme.colour(condition), dy=dy)
    theme.label(
        ax, end, line.iloc[-1], "u(1 + μ²/σ²)", theme.colour("theory"), dy=0, weight="normal"
    )
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(line.index[0] / 1.5, end * 60),
        xlabel="mean over standard deviation",
        ylabel="error of the variance",
    )
    ax.set_xticks(line.index.to_numpy())
    return figure
