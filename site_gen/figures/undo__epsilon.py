"""With fixed statistics: what γ = σ leaves wrong, and that γ = √(σ²+ε) leaves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With fixed statistics γ = √(σ²+ε) undoes batch norm, and γ = σ only where σ is large"
TAGS = ("gamma and beta", "epsilon", "inference")
CLAIMS = ("undoing-is-exact-in-eval-mode",)

FLOOR = 1e-34  # below it lies only an exact zero, which a logarithmic axis cannot show


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every choice of γ, ε and input standard deviation: the median over runs, the largest, and the closed form."""
    error = results["fixed_error"]
    table = error.median("run").to_dataframe(name="error").reset_index()
    largest = error.max("run").to_dataframe(name="largest").reset_index()
    theory = results["fixed_error_theory"].to_dataframe(name="theory").reset_index()
    table = table.merge(largest).merge(theory).rename(columns={"sigma": "input_std"})
    table.loc[table["gamma"] == "root", "theory"] = 0.0
    return table.sort_values(["gamma", "eps", "input_std"], ignore_index=True).assign(
        runs=results.sizes["run"]
    )


def _at(data: pd.DataFrame, eps: float, sigma: float) -> float:
    rows = data[(data["gamma"] == "sigma") & np.isclose(data["eps"], eps)]
    return rows.loc[(np.log(rows["input_std"]) - np.log(sigma)).abs().idxmin(), "error"]


def _worst(data: pd.DataFrame) -> float:
    return data.loc[data["gamma"] == "root", "largest"].max()


def alt(data: pd.DataFrame) -> str:
    return (f"Two curves of the squared error with γ = σ fall steeply as the input’s standard deviation grows; at 0.01 they stand at "
            f"{_at(data, 1e-5, 0.01):.4f} for ε = 1e-5 and {_at(data, 1e-3, 0.01):.2f} for ε = 1e-3. With γ = √(σ²+ε) the points lie at the "
            f"bottom, at {_worst(data):.0e} or less.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Squared error of undoing over the variance, with fixed mean and variance. Upper points: $\\gamma = \\sigma$, on the lines "
            f"$(1 - \\sigma/\\sqrt{{\\sigma^2+\\varepsilon}})^2$. Lower points: $\\gamma = \\sqrt{{\\sigma^2+\\varepsilon}}$, round-off of at most "
            f"{_worst(data):.0e}. Medians of {data['runs'].iloc[0]} runs; an error of exactly zero is drawn at the lower edge.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.6)
    epsilons = sorted(data["eps"].unique())
    for k, (eps, colour) in enumerate(zip(epsilons, theme.sequence(len(epsilons)), strict=True)):
        rows = data[(data["eps"] == eps) & (data["gamma"] == "sigma")]
        ax.plot(
            rows["input_std"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
        )
        ax.plot(rows["input_std"], rows["error"], "o", color=colour, markevery=2)
        at = rows.iloc[(7 * len(rows)) // 8]
        theme.label(
            ax,
            at["input_std"],
            at["error"],
            f"γ = σ, ε = {eps:g}".replace("e-0", "e-"),
            colour,
            ha=("right", "left")[k],
            dx=(-10, 10)[k],
            dy=(-8, 8)[k],
        )
        exact = data[(data["eps"] == eps) & (data["gamma"] == "root")]
        ax.plot(
            exact["input_std"],
            exact["error"].clip(lower=FLOOR),
            "o",
            color=colour,
            markevery=2,
            alpha=0.6,
        )
    theme.label(ax, 0.1, 1e-29, "γ = √(σ² + ε), both ε: round-off", theme.ink, ha="center", dx=0)
    ax.set(
        xscale="log",
        yscale="log",
        ylim=(FLOOR / 2, 20),
        xlabel="standard deviation σ of the input",
        ylabel="squared error / variance",
    )
    ax.set_yticks([1e-32, 1e-24, 1e-16, 1e-8, 1])
    ax.minorticks_off()
    return figure
