"""The squared gradient on its way down through residual blocks, with and without batch norm, measured and predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Shortcut and batch norm together hold gradients; the shortcut alone doubles them"
TAGS = ("depth", "residual networks", "gradients")
CLAIMS = ("residual-gradients-grow-as-predicted", "shortcuts-stop-the-explosion")

NORMS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every norm and block: ‖∂L/∂x‖² over the last block's, geometric mean with interval, closed form; the largest batch."""
    batch = int(results["batch"].max())
    rows = []
    for norm in NORMS:
        at = results.sel(norm=norm, batch=batch)
        logs = np.log(at["gradient"].transpose("run", "block").values)
        centre, runs = logs.mean(axis=0), len(logs)
        half = student.ppf(0.975, runs - 1) * logs.std(axis=0, ddof=1) / np.sqrt(runs)
        rows.append(pd.DataFrame({"norm": norm, "block": results["block"].values, "square": np.exp(centre), "low": np.exp(centre - half),
                                  "high": np.exp(centre + half), "theory": at["predicted_gradient"].values, "batch": batch,
                                  "runs": runs}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _first(data: pd.DataFrame, norm: str) -> float:
    return float(data.loc[(data["norm"] == norm) & (data["block"] == 0), "square"].iloc[0])


def _power(number: float) -> str:
    return (
        f"10{str(round(np.log10(number))).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    )


def alt(data: pd.DataFrame) -> str:
    return (f"Squared gradient by block on a logarithmic axis, from the last of {data['block'].max()} blocks down to the input. Without batch norm a "
            f"straight line up to about {_power(_first(data, 'none'))}. With it a curve that is nearly flat in the upper blocks, steepens near the "
            f"input and ends at {_first(data, 'batch norm'):.0f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"$\\lVert\\partial L/\\partial x\\rVert^2$ after each block in multiples of that after the last one, in residual networks that were not "
            f"trained, for a batch of {data['batch'].iloc[0]}. Points: geometric mean of {data['runs'].iloc[0]} networks with 95 % intervals, mostly smaller "
            f"than the points; lines: the prediction for wide layers.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6)
    last = int(data["block"].max())
    for ax, (norm, title) in zip(axes, NORMS.items(), strict=True):
        rows, colour = data[data["norm"] == norm], theme.colour(norm)
        ax.plot(
            rows["block"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
        )
        some = rows[(rows["block"] % max(1, last // 16) == 0) | (rows["block"] < last // 16)]
        ax.vlines(some["block"], some["low"], some["high"], color=colour, linewidth=2)
        ax.plot(some["block"], some["square"], "o", color=colour, markersize=4.5)
        ax.set(yscale="log", xlabel="block", title=title, xlim=(-0.02 * last, 1.03 * last))
    first = data[(data["norm"] == "batch norm")].iloc[0]
    theme.label(
        axes[1],
        0,
        first["square"],
        f"{first['square']:.0f} times",
        theme.colour("batch norm"),
        dx=10,
        dy=3,
    )
    first = data[(data["norm"] == "none")].iloc[0]
    theme.label(
        axes[0],
        0,
        first["square"],
        f"{_power(first['square'])} times",
        theme.colour("none"),
        dx=10,
        dy=3,
    )
    axes[0].set(ylabel="‖∂L/∂x‖² / that after the last block")
    return figure
