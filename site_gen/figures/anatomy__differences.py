"""Analytic derivatives of batch norm against central differences of every step size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The derived gradient equals the numerical one, as far as numbers go"
TAGS = ("transform", "gradients", "check")
CLAIMS = ("bias-is-redundant", "neutral-start")

NAMES = {
    "input": "input x",
    "weight": "weights in front",
    "bias": "bias in front",
    "gamma": "γ",
    "beta": "β",
}
SHOWN = ("input", "weight", "gamma", "beta", "bias")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every parameter and step of the central difference: median, smallest and largest error over runs."""
    error = results["difference_error"]
    table = error.median("run").to_dataframe(name="error").reset_index()
    for name, ends in (("error_min", error.min("run")), ("error_max", error.max("run"))):
        table[name] = ends.to_dataframe(name=name)[name].to_numpy()
    order = {name: k for k, name in enumerate(SHOWN)}
    table = table.sort_values(
        ["parameter", "difference_step"], key=lambda c: c.map(order) if c.name == "parameter" else c
    )
    return (
        table.rename(columns={"difference_step": "step"})
        .assign(runs=results.sizes["run"])
        .reset_index(drop=True)
    )


def _best(data: pd.DataFrame) -> pd.Series:
    """The smallest median error of each parameter but the bias."""
    return data[data["parameter"] != "bias"].groupby("parameter")["error"].min()


def alt(data: pd.DataFrame) -> str:
    best, bias = _best(data), data[data["parameter"] == "bias"]["error"].min()
    return (f"Five curves of the error against the step. Four fall as the square of the step, reach at best {best.min():.0e} to "
            f"{best.max():.0e} and rise again as round-off takes over; the bias, whose gradient is zero, only has round-off, "
            f"{bias:.0e} at best.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Difference between the analytic and the central-difference derivative along a random direction, relative to the length "
            f"of the gradient: medians of {data['runs'].iloc[0]} random networks. Dashed: the slope of a truncation error, "
            f"$h^2$, and of round-off, $10^{{-16}}/h$. The bias in front of the normalization has no truncation error, since it "
            f"does not change the loss at all; its error is relative to the gradient above.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.9)
    steps = data["step"].unique()
    guide = {"color": theme.colour("theory"), "linewidth": 1, "linestyle": "--"}
    coarse, fine = steps[steps > 1e-6], steps[steps < 1e-4]
    ax.plot(coarse, coarse**2, **guide)
    ax.plot(fine, 1e-16 / fine, **guide)
    middle = coarse[len(coarse) // 2]
    theme.label(
        ax,
        middle,
        middle**2,
        "h²",
        theme.colour("theory"),
        weight="normal",
        ha="right",
        dx=-5,
        dy=5,
    )
    theme.label(
        ax, fine[0], 1e-16 / fine[0], "10⁻¹⁶/h", theme.colour("theory"), weight="normal", dx=4, dy=9
    )
    colours = dict(zip(SHOWN[:4], theme.sequence(4), strict=True)) | {"bias": theme.colour("none")}
    for name in SHOWN:
        rows = data[data["parameter"] == name]
        ax.plot(rows["step"], rows["error"], "o-", color=colours[name], linewidth=1)
    ends = data[data["step"] == steps[-1]].sort_values("error", ascending=False)
    height, lift = np.inf, 8  # the first label stands above its point, to leave room for the others
    for name, error in zip(ends["parameter"], ends["error"], strict=True):
        height, lift = min(lift * error, height / 14), 1  # labels lie at least one line apart
        theme.label(ax, steps[-1], height, NAMES[name], colours[name], dx=7)
    ax.set(xscale="log", yscale="log", xlim=(0.7e-10, 1.6e-1), ylim=(3e-18, 1e-1), xlabel="step h of the central difference",
           ylabel="relative error")  # fmt: skip
    return figure
