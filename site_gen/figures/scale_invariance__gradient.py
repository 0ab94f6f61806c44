"""Length of the gradient against the size of the weights, with and without ε."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Larger weights, smaller gradients; the values do not notice, until ε does"
TAGS = ("effective learning rate", "epsilon")
CLAIMS = ("size-does-not-matter", "large-weights-small-gradients")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every ε and factor: the mean standard deviation of x̂, and the gradient's length against a = 1 at ε = 0."""
    length = results["gradient_length"] / results["gradient_length"].sel(eps=0.0).sel(
        scale=1.0, method="nearest"
    )
    table = _median(results["value_share"]).to_dataframe("value_std")
    return table.assign(gradient=_median(length).to_dataframe("gradient")["gradient"]).reset_index().assign(
        theory=lambda rows: 1 / rows["scale"], runs=results.sizes["run"])[
        ["eps", "scale", "value_std", "gradient", "theory", "runs"]]  # fmt: skip


def _median(values: xr.DataArray) -> xr.DataArray:
    """Over the runs, and without the coordinates of other variables."""
    return values.median("run").reset_coords(drop=True)


def _at(data: pd.DataFrame, eps: float, scale: float, column: str) -> float:
    rows = data[np.isclose(data["eps"], eps, rtol=1e-9, atol=0)]
    return rows.loc[(np.log(rows["scale"]) - np.log(scale)).abs().idxmin(), column]


def alt(data: pd.DataFrame) -> str:
    return (f"Left: the standard deviation of the normalized values against the factor on the weights, constant at "
            f"{_at(data, 0.0, 0.001, 'value_std'):.2f} without ε and down to {_at(data, 1e-5, 0.001, 'value_std'):.2f} at a factor of 0.001 with "
            f"ε = 1e-5; right: the gradient's length, a straight line from 1000 to 0.001 without ε, bent down on the left with it.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    exact = data[data["eps"] == 0]
    off = (exact["gradient"] / exact["theory"] - 1).abs().max()
    return (f"The weights in front of a batch norm times $a$; medians of {data['runs'].iloc[0]} random networks. Without "
            f"$\\varepsilon$ the values stay and the gradient is $1/a$ times as long (at most {off:.0e} from the line). With "
            f"$\\varepsilon$ this ends below $a \\approx \\sqrt{{\\varepsilon}}/\\sigma$.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.4)
    curves = list(data.groupby("eps"))
    names = {0.0: "ε = 0", 1e-5: "1e-5", 1e-3: "1e-3"}
    exact = curves[0][1]
    right.plot(
        exact["scale"], exact["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
    )
    for (eps, rows), colour in zip(curves, reversed(theme.sequence(len(curves))), strict=True):
        step = max(1, len(rows) // 18)
        for ax, column in ((left, "value_std"), (right, "gradient")):
            ax.plot(rows["scale"], rows[column], "o-", color=colour, markevery=step, linewidth=1.2)
        at = 0.001 if eps == 0 else 0.65 * np.sqrt(eps)
        near = rows.loc[(np.log(rows["scale"]) - np.log(at)).abs().idxmin()]
        theme.label(left, near["scale"], near["value_std"], names.get(eps, f"{eps:g}"), colour,
                    dx=0 if eps == 0 else 6, dy=10 if eps == 0 else -9)  # fmt: skip
    theme.label(right, 8, 1 / 8, "1/a", theme.colour("theory"), dx=8, dy=8, weight="normal")
    left.set(
        xscale="log",
        ylim=(0, 1.15),
        xlabel="factor a on the weights",
        ylabel="standard deviation of x̂",
    )
    right.set(
        xscale="log",
        yscale="log",
        xlabel="factor a on the weights",
        ylabel="length of ∂L/∂w, a = 1 being 1",
    )
    return figure
