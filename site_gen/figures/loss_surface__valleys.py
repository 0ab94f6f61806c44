"""The loss over γ and β of three units of one network, the quadratic of the minimum, and training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.results import rows
from experiments.studies.loss_surface import AXES
from site_gen.theme import Theme

TITLE = "The loss over γ and β of real units: valleys, not round bowls"
TAGS = ("γ and β", "optimization", "training")
ID = "bowl-surface"
MISSING = dict.fromkeys(
    ("loss", "step", "condition", "hessian_gamma", "hessian_mixed", "hessian_beta"),
    "rows of the surface, of the path and of the minimum have columns of their own",
)

# Contours, evenly spaced in the square root of the loss above its minimum: evenly spaced rings on a
# round bowl.
LEVELS = 7


def data(results: xr.Dataset) -> pd.DataFrame:
    """Rows of three kinds for each unit: surface, path of training, and minimum with its Hessian."""
    unit, hessian = results["shown_unit"].rename("unit"), results["surface_hessian"]

    def both(name: str) -> list[xr.DataArray]:
        return [results[name].sel(parameter=axis, drop=True).rename(axis) for axis in AXES]

    (gamma, beta), loss = both("surface_axis"), results["surface_loss"].rename("loss")
    grid = rows(loss, gamma, beta.rename(tick="beta_tick"), unit)
    low = rows(*both("surface_minimum"), unit)
    for name, (i, j) in {"gamma": (0, 0), "mixed": (0, 1), "beta": (1, 1)}.items():
        low[f"hessian_{name}"] = hessian.isel(parameter=i, parameter_too=j).values
    condition = results["condition"].sel(activation="sigmoid", run=0)
    low["condition"] = condition.sel(unit=low["unit"].to_numpy()).values
    kinds = {"surface": grid, "path": rows(*both("surface_path"), unit), "minimum": low}
    table = pd.concat([one.assign(kind=kind) for kind, one in kinds.items()], ignore_index=True)
    table = table.drop(columns=["shown", "tick", "beta_tick"], errors="ignore")
    return table.assign(all_units=results.sizes["unit"])


def alt(data: pd.DataFrame) -> str:
    first, middle, *_, last = data.loc[data["kind"] == "minimum", "condition"]
    units = data["unit"].nunique()
    return (
        f"Contours of the loss over γ and β for {units} units of one network, with condition numbers "
        f"{first:.1f}, {middle:.1f} and {last:.1f}: stretched along γ, close to the dashed ellipses "
        "near the minimum and away from them further out; the path of training ends far from the "
        "minimum."
    )


def caption(data: pd.DataFrame) -> str:
    return (
        "A trained network with sigmoids: solid, the loss over $\\gamma$ and $\\beta$ of one unit, all "
        "else as training left it; dashed, the quadratic with the Hessian of the minimum (cross), at "
        "the same levels. The line is training’s own path from $(1, 0)$ in "
        f"{data['step'].max():.0f} steps, during which the surface changed. Units: the roundest, the "
        f"middle and the longest of {data['all_units'].iloc[0]}."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, panels = theme.panels(data, "unit", height=2.9)
    for ax, _, unit in panels:
        kinds = dict(iter(unit.groupby("kind")))
        low, path = kinds["minimum"].iloc[0], kinds["path"]
        _draw_contours(ax, kinds["surface"], low, theme)
        theme.curve(ax, path, "gamma", "beta", "gradient", linewidth=1.8)
        theme.points(ax, path[:1], "gamma", "beta", "gradient", markersize=4)
        theme.points(ax, path[-1:], "gamma", "beta", "gradient", markersize=6)
        ax.plot(low["gamma"], low["beta"], "x", color=theme.ink, markersize=7, markeredgewidth=1.6)
        ax.set(title=f"condition number {low['condition']:.3g}", xlabel="γ", aspect="equal")
        ax.grid(False)
    panels[0][0].set_ylabel("β")
    return figure


def _draw_contours(ax: Axes, surface: pd.DataFrame, low: pd.Series, theme: Theme) -> None:
    """Of the loss, and of the quadratic at every other level."""
    table = surface.pivot(index="beta", columns="gamma", values="loss")
    gamma, beta = np.meshgrid(table.columns, table.index)
    x, y = gamma - low["gamma"], beta - low["beta"]
    square, mixed = low["hessian_gamma"] * x**2, low["hessian_mixed"] * x * y
    bowl, loss = 0.5 * (square + 2 * mixed + low["hessian_beta"] * y**2), table.to_numpy()
    # The minimum lies between points of the grid: below the lowest of them by what the quadratic says.
    at = np.unravel_index(np.argmin(loss), loss.shape)
    above = loss - (loss[at] - bowl[at])
    levels = above.max() * (np.arange(1, LEVELS + 1) / (LEVELS + 1)) ** 2
    style = {"linewidths": 1, "colors": [theme.colour("batch norm")]}
    ax.contour(gamma, beta, above, levels=levels, **style)
    style = {"linewidths": 1, "colors": [theme.colour("theory")], "linestyles": "--"}
    ax.contour(gamma, beta, bowl, levels=levels[::2], **style)
