"""The loss over γ and β of three units of one trained network, with the quadratic of the minimum and the path of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The loss over γ and β of real units: valleys, not round bowls"
TAGS = ("γ and β", "optimization", "training")
MISSING = dict.fromkeys(
    ("loss", "step", "condition", "hessian_gamma", "hessian_mixed", "hessian_beta"),
    "rows of the surface, of the path and of the minimum have columns of their own",
)

LEVELS = 7  # contours, evenly spaced in the square root of the loss above its minimum: evenly spaced rings on a round bowl


def data(results: xr.Dataset) -> pd.DataFrame:
    """Rows of three kinds for each unit: the surface (loss at γ, β), the path of training, and the minimum with its Hessian."""
    tables = []
    one = results.sel(activation="sigmoid", run=0)
    for k in range(results.sizes["shown"]):
        unit = int(results["shown_unit"][k])
        gamma, beta = (
            results["surface_axis"].isel(shown=k).sel(parameter=name).values
            for name in ("gamma", "beta")
        )
        grid_gamma, grid_beta = np.meshgrid(gamma, beta)
        tables.append(pd.DataFrame({"kind": "surface", "gamma": grid_gamma.ravel(), "beta": grid_beta.ravel(),
                                    "loss": results["surface_loss"].isel(shown=k).values.ravel()}).assign(unit=unit))  # fmt: skip
        path = one["path"].sel(unit=unit).transpose("step", "parameter").values
        tables.append(
            pd.DataFrame(
                {
                    "kind": "path",
                    "gamma": path[:, 0],
                    "beta": path[:, 1],
                    "step": results["step"].values,
                    "unit": unit,
                }
            )
        )
        lowest, hessian = (
            results["surface_minimum"].isel(shown=k).values,
            results["surface_hessian"].isel(shown=k).values,
        )
        tables.append(pd.DataFrame({
            "kind": ["minimum"], "gamma": lowest[0], "beta": lowest[1], "unit": unit, "condition": float(one["condition"].sel(unit=unit)),
            "hessian_gamma": hessian[0, 0], "hessian_mixed": hessian[0, 1], "hessian_beta": hessian[1, 1],
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True).assign(all_units=results.sizes["unit"])


def alt(data: pd.DataFrame) -> str:
    condition = data.loc[data["kind"] == "minimum", "condition"]
    return (f"Contours of the loss over γ and β for {len(condition)} units of one network, with condition numbers {condition.iloc[0]:.1f}, {condition.iloc[1]:.1f} and "
            f"{condition.iloc[-1]:.1f}: stretched along γ, close to the dashed ellipses near the minimum and away from them further out; the path of "
            f"training ends far from the minimum.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"A trained network with sigmoids: solid, the loss over $\\gamma$ and $\\beta$ of one unit, all else as training left it; dashed, the quadratic with the Hessian of the "
            f"minimum (cross), at the same levels. The line is training’s own path from $(1, 0)$ in {data['step'].max():.0f} steps, during which the surface "
            f"changed. Units: the roundest, the middle and the longest of {data['all_units'].iloc[0]}.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    units = list(data["unit"].unique())
    figure, axes = theme.figure(cols=len(units), height=2.9, squeeze=False)
    for ax, unit in zip(axes[0], units, strict=True):
        rows = data[data["unit"] == unit]
        low = rows[rows["kind"] == "minimum"].iloc[0]
        loss = rows[rows["kind"] == "surface"].pivot(index="beta", columns="gamma", values="loss")
        gamma, beta = np.meshgrid(loss.columns, loss.index)
        x, y = gamma - low["gamma"], beta - low["beta"]
        bowl = 0.5 * (
            low["hessian_gamma"] * x**2
            + 2 * low["hessian_mixed"] * x * y
            + low["hessian_beta"] * y**2
        )
        # the minimum lies between points of the grid: the lowest of them, less what the quadratic says that it is above
        at = np.unravel_index(np.argmin(loss.to_numpy()), loss.shape)
        above = loss.to_numpy() - (loss.to_numpy()[at] - bowl[at])
        levels = above.max() * (np.arange(1, LEVELS + 1) / (LEVELS + 1)) ** 2
        ax.contour(
            gamma, beta, above, levels=levels, colors=[theme.colour("batch norm")], linewidths=1
        )
        ax.contour(
            gamma,
            beta,
            bowl,
            levels=levels[::2],
            colors=[theme.colour("theory")],
            linewidths=1,
            linestyles="--",
        )
        path = rows[rows["kind"] == "path"]
        ax.plot(path["gamma"], path["beta"], color=theme.colour("gradient"), linewidth=1.8)
        ax.plot(
            path["gamma"].iloc[:1],
            path["beta"].iloc[:1],
            "o",
            color=theme.colour("gradient"),
            markersize=4,
        )
        ax.plot(
            path["gamma"].iloc[-1:],
            path["beta"].iloc[-1:],
            "o",
            color=theme.colour("gradient"),
            markersize=6,
        )
        ax.plot(low["gamma"], low["beta"], "x", color=theme.ink, markersize=7, markeredgewidth=1.6)
        ax.set(title=f"condition number {low['condition']:.3g}", xlabel="γ", aspect="equal")
        ax.grid(False)
    axes[0, 0].set_ylabel("β")
    return figure
