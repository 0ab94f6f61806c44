"""The loss over γ and β of three units of a network, the quadratic of the minimum, and training."""

import numpy as np
import pandas as pd

from experiments.results import rows
from experiments.studies.loss_surface import AXES

TITLE = "The loss over γ and β of real units: valleys, not round bowls"
TAGS = ("γ and β", "optimization", "training")
ID = "bowl-surface"
HESSIAN = {"hessian_gamma": (0, 0), "hessian_mixed": (0, 1), "hessian_beta": (1, 1)}
WHY = "surface, path and minimum have columns of their own"
MISSING = dict.fromkeys(("loss", "step", "condition", *HESSIAN), WHY)
LEVELS = 7  # contours, evenly spaced in the root of the loss above its minimum: rings on a bowl


def data(results):
    """Rows of three kinds for each unit: surface, path of training, minimum with its Hessian."""
    unit, hessian = results["shown_unit"].rename("unit"), results["surface_hessian"]

    def both(name):
        return [results[name].sel(parameter=axis, drop=True).rename(axis) for axis in AXES]

    gamma, beta = both("surface_axis")
    grid = rows(results["surface_loss"].rename("loss"), gamma, beta.rename(tick="beta_tick"), unit)
    low = rows(*both("surface_minimum"), unit)
    for name, (i, j) in HESSIAN.items():
        low[name] = hessian.isel(parameter=i, parameter_too=j).values
    condition = results["condition"].sel(activation="sigmoid", run=0)
    low["condition"] = condition.sel(unit=low["unit"].to_numpy()).values
    kinds = {"surface": grid, "path": rows(*both("surface_path"), unit), "minimum": low}
    table = pd.concat([one.assign(kind=kind) for kind, one in kinds.items()], ignore_index=True)
    table = table.drop(columns=["shown", "tick", "beta_tick"], errors="ignore")
    return table.assign(all_units=results.sizes["unit"])


def alt(data):
    first, middle, *_, last = data.loc[data["kind"] == "minimum", "condition"]
    return f"""Contours of the loss over γ and β for {data["unit"].nunique()} units of one network,
    with condition numbers {first:.1f}, {middle:.1f} and {last:.1f}: stretched along γ, close to the
    dashed ellipses near the minimum and away from them further out; the path of training ends far
    from the minimum."""


def caption(data):
    return f"""A trained network with sigmoids: solid, the loss over $\\gamma$ and $\\beta$ of one
    unit, all else as training left it; dashed, the quadratic with the Hessian of the minimum
    (cross), at the same levels. The line is training’s own path from $(1, 0)$ in
    {data["step"].max():.0f} steps, during which the surface changed. Units: the roundest, the
    middle and the longest of {data["all_units"].iloc[0]}."""


def draw(data, theme):
    figure, panels = theme.panels(data, "unit", height=2.9)
    for ax, _, unit in panels:
        kinds = dict(iter(unit.groupby("kind")))
        low, path = kinds["minimum"].iloc[0], kinds["path"]
        _draw_contours(ax, kinds["surface"], low, theme)
        theme.curve(ax, path, *AXES, "gradient", linewidth=1.8)
        theme.points(ax, path[:1], *AXES, "gradient", markersize=4)
        theme.points(ax, path[-1:], *AXES, "gradient", markersize=6)
        ax.plot(low["gamma"], low["beta"], "x", color=theme.ink, markersize=7, markeredgewidth=1.6)
        ax.set(title=f"condition number {low['condition']:.3g}", xlabel="γ", aspect="equal")
        ax.grid(False)
    panels[0][0].set_ylabel("β")
    return figure


def _draw_contours(ax, surface, low, theme):
    """Of the loss, and of the quadratic at every other level."""
    table = surface.pivot(index="beta", columns="gamma", values="loss")
    gamma, beta = np.meshgrid(table.columns, table.index)
    x, y = gamma - low["gamma"], beta - low["beta"]
    square, mixed = low["hessian_gamma"] * x**2, low["hessian_mixed"] * x * y
    bowl, loss = 0.5 * (square + 2 * mixed + low["hessian_beta"] * y**2), table.to_numpy()
    # The minimum lies between points of the grid: below the lowest by what the quadratic says.
    at = np.unravel_index(np.argmin(loss), loss.shape)
    above = loss - (loss[at] - bowl[at])
    levels = above.max() * (np.arange(1, LEVELS + 1) / (LEVELS + 1)) ** 2
    ax.contour(gamma, beta, above, levels, linewidths=1, colors=theme.colour("batch norm"))
    theory = {"colors": theme.colour("theory"), "linestyles": "--"}
    ax.contour(gamma, beta, bowl, levels[::2], linewidths=1, **theory)
