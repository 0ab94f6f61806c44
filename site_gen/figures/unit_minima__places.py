"""Where the minima over γ and β of units lie, and where training takes them."""

from __future__ import annotations

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from experiments.studies.unit_minima import START
from experiments.theory.optimization import BOWL_MINIMUM
from site_gen.theme import Theme

TITLE = "Each unit has a minimum of its own, and training stops well before it"
TAGS = ("γ and β", "optimization", "training")
CLAIMS = ("units-share-a-minimum", "training-reaches-the-bottom")
ID = "bowl-minima"


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every activation, run and unit that has a minimum: γ and β there and after training."""
    columns = {}
    for name in ("gamma", "beta"):
        columns[name] = results["minimum"].sel(parameter=name, drop=True)
        last = results["path"].sel(parameter=name, drop=True).isel(step=-1, drop=True)
        columns[f"{name}_trained"] = last
    table = rows(*(array.rename(name) for name, array in columns.items()))
    every = results.sizes["run"] * results.sizes["unit"]
    return table.dropna(ignore_index=True).assign(all_units=every)


def alt(data: pd.DataFrame) -> str:
    said = []
    for name, units in data.groupby("activation"):
        lowest, trained = units["gamma"], units["gamma_trained"]
        said.append(
            f"{name}: minima at γ from {lowest.min():.1f} to {lowest.max():.1f}, after training γ "
            f"from {trained.min():.1f} to {trained.max():.1f}"
        )
    return ("Two scatter plots of γ and β. " + "; ".join(said) + ".").replace("-", "−")


def caption(data: pd.DataFrame) -> str:
    counts = ", ".join(f"{len(units)} ({name})" for name, units in data.groupby("activation"))
    return (
        "Lowest loss over $\\gamma$ and $\\beta$ of one unit, all else held fixed (large points), and "
        f"where training left that unit (small). Of {data['all_units'].iloc[0]} units for each "
        f"activation these have a minimum nearby: {counts}. Cross: the start, $(1, 0)$; square: the "
        "bowl’s minimum in the picture, $(1.5, 0.8)$."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, panels = theme.panels(data, "activation", sharex=True, sharey=True)
    lowest, trained = {"alpha": 0.5, "markersize": 5}, {"alpha": 0.6, "markersize": 2.6}
    for ax, name, units in panels:
        theme.points(ax, units, "gamma", "beta", "batch norm", **lowest)
        theme.points(ax, units, "gamma_trained", "beta_trained", "gradient", **trained)
        mark = {"color": theme.ink, "markerfacecolor": "none", "zorder": 4}
        ax.plot(*START, "x", markersize=8, markeredgewidth=1.8, **mark)
        ax.plot(*BOWL_MINIMUM, "s", markersize=6, markeredgewidth=1.6, **mark)
        ax.set(title=name, xlabel="γ")
    corner = {"transform": "axes fraction", "ha": "right", "dx": 0}
    last = panels[-1][0]
    theme.label(last, 0.97, 0.93, "minimum of the loss", "batch norm", **corner)
    theme.label(last, 0.97, 0.84, "after training", "gradient", **corner)
    panels[0][0].set_ylabel("β")
    return figure
