"""Gradients by layer for weights of three scales, with and without batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Batch norm makes the scale of the weights irrelevant, and gradients explode at every scale"
TAGS = ("depth", "gradients", "initialization")
CLAIMS = ("cures-vanishing-and-exploding-gradients", "initialization-alone-keeps-gradients")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every norm, scale and layer: the squared gradient in multiples of the last layer's, geometric mean and interval."""
    rows = []
    log = results["scaled_log_square"]
    for norm in log["norm"].values:
        for scale in log["scale"].values:
            at = log.sel(norm=norm, scale=scale).transpose("run", "layer")
            mean, runs = at.values.mean(axis=0), at.sizes["run"]
            half = student.ppf(0.975, runs - 1) * at.values.std(axis=0, ddof=1) / np.sqrt(runs)
            centre, low, high = np.exp(mean), np.exp(mean - half), np.exp(mean + half)
            rows.append(pd.DataFrame({"norm": norm, "scale": float(scale), "layer": at["layer"].values, "square": centre, "low": low,
                                      "high": high, "runs": at.sizes["run"]}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _power(number: float) -> str:
    exponent = round(np.log10(number))
    return f"10{str(exponent).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def _second(data: pd.DataFrame, norm: str) -> pd.Series:
    return data[(data["norm"] == norm) & (data["layer"] == 2)].set_index("scale")["square"]


def alt(data: pd.DataFrame) -> str:
    plain, norm = _second(data, "none"), _second(data, "batch norm")
    return (f"Two panels, squared gradient by layer on a logarithmic axis. Without batch norm, from the last of {data['layer'].max()} layers down "
            f"to the second: about {_power(plain[0.5])} of its size at half of He's scale, {plain[1.0]:.1f} times at He's, {_power(plain[2.0])} "
            f"times at twice that. With batch norm three curves coincide and rise to about {_power(norm[1.0])}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"$\\lVert\\partial L/\\partial z\\rVert^2$ of every layer in multiples of the last layer's, in random ReLU networks that were not "
            f"trained, for weights at half of, at and at twice He's scale. Geometric mean of {data['runs'].iloc[0]} networks; bands are 95 % "
            f"intervals, mostly thinner than the lines. The same weights and batches on both sides; with batch norm the three scales "
            f"cannot be told apart, so two are drawn as dashes over the first.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    scales = sorted(data["scale"].unique())
    # Wide below, narrow above: curves that coincide all stay visible.
    widths, styles = np.linspace(5, 1.6, len(scales)), ["-", (0, (4, 4)), (0, (1, 3))]
    last = data["layer"].max()
    for ax, norm, title in zip(
        axes, ("none", "batch norm"), ("without batch norm", "with batch norm"), strict=True
    ):
        for k, (scale, colour) in enumerate(zip(scales, theme.sequence(len(scales)), strict=True)):
            rows = data[(data["norm"] == norm) & (data["scale"] == scale)]
            together = norm == "batch norm"
            theme.band(ax, rows["layer"], rows["low"], rows["high"], colour)
            ax.plot(rows["layer"], rows["square"], color=colour, linewidth=widths[k] if together else 1.8,
                    linestyle=styles[k % 3] if together else "-")  # fmt: skip
            if not together:
                at = rows[rows["layer"] == round(0.45 * last)].iloc[0]
                name = "He’s scale" if scale == 1 else f"× {scale:g}"
                # beside the rising line the label stands below it
                theme.label(
                    ax, at["layer"], at["square"], name, colour, dx=8, dy=-12 if scale < 1 else 9
                )
        ax.axhline(1, color=theme.muted, linewidth=1, linestyle=":", zorder=1)
        ax.set(yscale="log", xlabel="layer", title=title, xlim=(0, last + 1))
    at = data[(data["norm"] == "batch norm") & (data["layer"] == round(0.45 * last))].iloc[0]
    theme.label(
        axes[1],
        at["layer"],
        at["square"],
        "all three scales",
        theme.colour("batch norm"),
        dx=8,
        dy=9,
    )
    axes[0].set(ylabel="‖∂L/∂z‖² / that of the last layer")
    return figure
