"""Mean, standard deviation and share of zeros of a unit's output, batch norm before and after a ReLU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Before a ReLU, batch norm leaves neither mean 0 nor variance 1 behind it"
TAGS = ("placement", "γ and β", "transform")
CLAIMS = ("rectified-moments", "next-layer-sees-standardized-inputs")

MOMENTS = {"mean": "mean / γ", "std": "standard deviation / γ", "zeros": "share of zeros"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every pair of γ and β, place of batch norm and moment: mean over runs, and the closed form (of "before")."""
    table = results["moments"].mean("run").to_dataframe("value").reset_index()
    theory = results["moments_theory"].to_series()
    gamma, beta = (results[name].to_series() for name in ("gamma", "beta"))
    table = table.assign(gamma=table["pair"].map(gamma), beta=table["pair"].map(beta),
                         theory=theory.loc[list(zip(table["pair"], table["moment"], strict=True))].values, runs=results.sizes["run"])  # fmt: skip
    return table.drop(columns="pair").astype({"place": str, "moment": str})


def _at(data: pd.DataFrame, place: str, moment: str) -> float:
    rows = data[
        (data["place"] == place)
        & (data["moment"] == moment)
        & (data["gamma"] == 1)
        & (data["beta"] == 0)
    ]
    return rows["value"].item()


def alt(data: pd.DataFrame) -> str:
    return (f"Three panels against β over γ. Batch norm before the ReLU: mean and standard deviation rise along curves, through {_at(data, 'before', 'mean'):.2f} and "
            f"{_at(data, 'before', 'std'):.2f} at β = 0; the share of zeros falls through {_at(data, 'before', 'zeros'):.2f}. After it: the mean is the diagonal, the standard "
            f"deviation {_at(data, 'after', 'std'):.0f}, no zeros.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"A unit with normal inputs, batch norm ($\\varepsilon = 0$) before or after its ReLU, for {len(data.groupby(['gamma', 'beta']))} pairs of $\\gamma$ and $\\beta$. "
            f"Points: means of {data['runs'].iloc[0]} batches; lines: closed forms. After a ReLU, batch norm gives mean $\\beta$ and standard deviation $\\gamma$ in every batch.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    from scipy.stats import norm

    figure, axes = theme.figure(cols=3, height=3.1)
    r = np.linspace(-2.4, 2.4, 200)
    mean = r * norm.cdf(r) + norm.pdf(r)
    curves = {
        "mean": (mean, r),
        "std": (np.sqrt((1 + r**2) * norm.cdf(r) + r * norm.pdf(r) - mean**2), np.ones_like(r)),
        "zeros": (norm.cdf(-r), np.zeros_like(r)),
    }
    keys = {"before": "batch norm", "after": "input"}
    for ax, (moment, name) in zip(axes, MOMENTS.items(), strict=True):
        for curve, (place, key) in zip(curves[moment], keys.items(), strict=True):
            rows = data[(data["place"] == place) & (data["moment"] == moment)]
            size = rows["gamma"] if moment != "zeros" else 1.0
            ax.plot(r, curve, color=theme.colour("theory"), linewidth=1)
            ax.plot(
                rows["beta"] / rows["gamma"], rows["value"] / size, "o", color=theme.colour(key)
            )
        ax.set(title=name, xlabel="β / γ", xticks=(-2, -1, 0, 1, 2))
    theme.label(axes[0], -2.2, 1.9, "before", theme.colour("batch norm"), dx=0)
    theme.label(axes[0], -2.2, 1.45, "after", theme.colour("input"), dx=0)
    return figure
