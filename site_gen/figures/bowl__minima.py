"""Where the minima over γ and β of units lie, and where training takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Each unit has a minimum of its own, and training stops well before it"
TAGS = ("γ and β", "optimization", "training")
CLAIMS = ("units-share-a-minimum", "training-reaches-the-bottom")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every activation, run and unit that has a minimum: γ and β there and after training."""
    tables = []
    for name in results["activation"].values:
        one = results.sel(activation=name).transpose("run", "unit", ...)
        lowest, last = (
            one["minimum"].values,
            one.isel(step=-1)["path"].transpose("run", "unit", "parameter").values,
        )
        run, unit = np.indices(lowest.shape[:2])
        tables.append(pd.DataFrame({
            "activation": name, "run": run.ravel(), "unit": unit.ravel(), "gamma": lowest[..., 0].ravel(), "beta": lowest[..., 1].ravel(),
            "gamma_trained": last[..., 0].ravel(), "beta_trained": last[..., 1].ravel(),
        }))  # fmt: skip
    table = pd.concat(tables, ignore_index=True)
    return (
        table[np.isfinite(table["gamma"])]
        .reset_index(drop=True)
        .assign(all_units=int(np.prod(lowest.shape[:2])))
    )


def alt(data: pd.DataFrame) -> str:
    told = [f"{name}: minima at γ from {rows['gamma'].min():.1f} to {rows['gamma'].max():.1f}, after training γ from {rows['gamma_trained'].min():.1f} to "
            f"{rows['gamma_trained'].max():.1f}" for name, rows in data.groupby("activation")]  # fmt: skip
    return ("Two scatter plots of γ and β. " + "; ".join(told) + ".").replace("-", "−")


def caption(data: pd.DataFrame) -> str:
    counts = ", ".join(f"{len(rows)} ({name})" for name, rows in data.groupby("activation"))
    return (f"Lowest loss over $\\gamma$ and $\\beta$ of one unit, all else held fixed (large points), and where training left that unit (small). "
            f"Of {data['all_units'].iloc[0]} units for each activation these have a minimum nearby: {counts}. Cross: the start, $(1, 0)$; "
            f"square: the bowl’s minimum in the picture, $(1.5, 0.8)$.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    names = list(data["activation"].unique())
    figure, axes = theme.figure(cols=len(names), squeeze=False, sharex=True, sharey=True)
    for ax, name in zip(axes[0], names, strict=True):
        rows = data[data["activation"] == name]
        ax.plot(
            rows["gamma"],
            rows["beta"],
            "o",
            color=theme.colour("batch norm"),
            alpha=0.5,
            markersize=5,
        )
        ax.plot(
            rows["gamma_trained"],
            rows["beta_trained"],
            "o",
            color=theme.colour("gradient"),
            alpha=0.6,
            markersize=2.6,
        )
        ax.plot(1, 0, "x", color=theme.ink, markersize=8, markeredgewidth=1.8, zorder=4)
        ax.plot(
            1.5,
            0.8,
            "s",
            color=theme.ink,
            markersize=6,
            markerfacecolor="none",
            markeredgewidth=1.6,
            zorder=4,
        )
        ax.set(title=name, xlabel="γ")
    theme.label(
        axes[0, -1],
        0.97,
        0.93,
        "minimum of the loss",
        theme.colour("batch norm"),
        transform="axes fraction",
        ha="right",
        dx=0,
    )
    theme.label(
        axes[0, -1],
        0.97,
        0.84,
        "after training",
        theme.colour("gradient"),
        transform="axes fraction",
        ha="right",
        dx=0,
    )
    axes[0, 0].set_ylabel("β")
    return figure
