"""Output and gradients of one batch normalization as γ sweeps."""

from __future__ import annotations

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from site_gen.theme import Theme

TITLE = "At γ = 0 nothing gets through, except the gradient of γ"
TAGS = ("transform", "γ and β", "gradients")
CLAIMS = ("beta-sets-the-mean", "zero-gamma-is-dead")


def data(results: xr.Dataset) -> pd.DataFrame:
    """Medians of runs: mean and standard deviation of the output; gradients over those at γ = 1."""
    read = [results[name] for name in ("output_std", "output_mean")]
    for name in ("input_gradient", "gamma_gradient"):
        length = results[name]
        read.append((length / length.sel(gamma=1.0, method="nearest", drop=True)).rename(name))
    return rows(*(one.median("run") for one in read)).assign(runs=results.sizes["run"])


def _zero(data: pd.DataFrame) -> pd.Series:
    return data.loc[data["gamma"].abs().idxmin()]


def alt(data: pd.DataFrame) -> str:
    zero = _zero(data)
    return (
        "Left: against γ from −3 to 3 the output's standard deviation is a V with its tip at "
        f"{zero['output_std']:.0f}, and its mean stays at β = {zero['output_mean']:.1f}. Right: the "
        f"gradient to the input is a V too, {zero['input_gradient']:.0f} at γ = 0, while the gradient "
        f"of γ stays at {zero['gamma_gradient']:.0f} times its value at γ = 1."
    )


def caption(data: pd.DataFrame) -> str:
    return (
        "One batch norm with $\\beta = 0.5$ and a fixed gradient from above, median of "
        f"{data['runs'].iloc[0]} random batches; a negative $\\gamma$ mirrors the output. Right: "
        "lengths relative to those at $\\gamma = 1$. Thin lines: $|\\gamma|$."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.3)
    dots = data[:: max(1, len(data) // 12)]
    for ax in (left, right):
        theme.theory(ax, data["gamma"], data["gamma"].abs())
        ax.set(xlabel="γ", xticks=range(-3, 4), ylim=(0, 3.1))
    bn, beta = theme.colour("batch norm"), theme.colour("neutral")
    theme.points(left, dots, "gamma", "output_std", bn)
    theme.curve(left, data, "gamma", "output_mean", beta)
    theme.label(left, -2.4, 2.4, "standard\ndeviation", bn, dx=8, dy=6)
    theme.label(left, 3, 0.5, "mean = β", beta, ha="right", dx=0, dy=9)
    left.set_title("output")
    down, own = theme.colour("gradient"), theme.colour("input")
    theme.points(right, dots, "gamma", "input_gradient", down)
    theme.curve(right, data, "gamma", "gamma_gradient", own)
    theme.label(right, -2.4, 2.4, "gradient\nto the input", down, dx=8, dy=6)
    theme.label(right, 3, 1, "gradient of γ", own, ha="right", dx=0, dy=-9)
    right.set_title("gradients, relative to γ = 1")
    return figure
