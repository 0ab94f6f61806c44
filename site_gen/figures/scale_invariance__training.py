"""Training from weights of several sizes: with one rate, and with the rate times the square of the size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The size of the weights is a learning rate in disguise"
TAGS = ("effective learning rate", "initialization")
CLAIMS = ("size-is-a-learning-rate", "initial-size-does-not-matter")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition, factor (powers of two) and step: the median training loss with quartiles."""
    powers = [a for a in results["factor"].values if np.log2(a) == round(np.log2(a))]
    loss = results["loss"].sel(factor=powers)
    table = pd.DataFrame({
        name: loss.quantile(q, "run").reset_coords(drop=True).to_dataframe(name)[name]
        for name, q in (("loss", 0.5), ("lower_quartile", 0.25), ("upper_quartile", 0.75))
    })  # fmt: skip
    return table.reset_index().assign(runs=results.sizes["run"])


def _last(data: pd.DataFrame, condition: str) -> pd.Series:
    rows = data[(data["condition"] == condition) & (data["step"] == data["step"].max())]
    return rows.set_index("factor")["loss"]


def alt(data: pd.DataFrame) -> str:
    same, scaled = (_last(data, c) for c in ("one rate for all", "the rate times a²"))
    return (f"Two panels of training loss by step. With one rate the loss after {data['step'].max()} steps is {same.min():.2f} from the weights that "
            f"learn fastest and {same.max():.2f} from those {same.index.max():g} times as large; with the rate times a² all curves are one, ending at "
            f"{scaled.iloc[0]:.2f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Full-batch gradient descent at $\\varepsilon = 0$; median and quartiles of {data['runs'].iloc[0]} networks, the same in both panels. "
            f"Left: the weights in front of the batch norm are multiplied by $a$. Right: their rate is multiplied by $a^2$ as well, and all "
            f"{data['factor'].nunique()} curves agree in every bit.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.4, sharey=True)
    factors = sorted(data["factor"].unique())
    for ax, (condition, panel) in zip(axes, data.groupby("condition", sort=False), strict=True):
        one = condition != "one rate for all"
        for factor, colour in zip(factors, theme.sequence(len(factors)), strict=True):
            rows = panel[panel["factor"] == factor]
            if one and factor != factors[-1]:
                continue
            ax.plot(rows["step"], rows["loss"], color=colour)
            theme.band(ax, rows["step"], rows["lower_quartile"], rows["upper_quartile"], colour)
            end = rows.iloc[-1]
            theme.label(ax, end["step"], end["loss"], "all" if one else f"a = {factor:g}", colour,
                        dy=0 if one else {0.5: 6, 0.25: -6}.get(factor, 0))  # fmt: skip
        ax.set(xlabel="step", yscale="log", title=condition)
        ax.margins(x=0.05)
        ax.set_xlim(right=1.25 * panel["step"].max())
    axes[0].set_ylabel("training loss (nat)")
    return figure
