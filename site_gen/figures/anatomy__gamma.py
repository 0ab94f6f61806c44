"""Output and gradients of one batch normalization as γ sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "At γ = 0 nothing gets through, except the gradient of γ"
TAGS = ("transform", "γ and β", "gradients")
CLAIMS = ("beta-sets-the-mean", "zero-gamma-is-dead")


def data(results: xr.Dataset) -> pd.DataFrame:
    """Medians over runs: mean and standard deviation of the output, and two gradients as shares of theirs at γ = 1."""
    table = results[["output_std", "output_mean", "input_gradient", "gamma_gradient"]]
    for name in ("input_gradient", "gamma_gradient"):
        table[name] = table[name] / table[name].sel(gamma=1.0, method="nearest")
    return table.median("run").to_dataframe().reset_index().assign(runs=results.sizes["run"])


def _zero(data: pd.DataFrame) -> pd.Series:
    return data.loc[data["gamma"].abs().idxmin()]


def alt(data: pd.DataFrame) -> str:
    zero = _zero(data)
    return (f"Left: against γ from −3 to 3 the output's standard deviation is a V with its tip at {zero['output_std']:.0f}, and its "
            f"mean stays at β = {zero['output_mean']:.1f}. Right: the gradient to the input is a V too, {zero['input_gradient']:.0f} "
            f"at γ = 0, while the gradient of γ stays at {zero['gamma_gradient']:.0f} times its value at γ = 1.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"One batch norm with $\\beta = 0.5$ and a fixed gradient from above, median of {data['runs'].iloc[0]} random batches; "
            f"a negative $\\gamma$ mirrors the output. Right: lengths relative to those at $\\gamma = 1$. "
            f"Thin lines: $|\\gamma|$.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.3)
    dots = slice(None, None, max(1, len(data) // 12))
    for ax in (left, right):
        ax.plot(data["gamma"], data["gamma"].abs(), color=theme.colour("theory"), linewidth=1)
        ax.set(xlabel="γ", xticks=range(-3, 4))
    bn, beta = theme.colour("batch norm"), theme.colour("neutral")
    left.plot(data["gamma"][dots], data["output_std"][dots], "o", color=bn)
    left.plot(data["gamma"], data["output_mean"], color=beta)
    theme.label(left, -2.4, 2.4, "standard\ndeviation", bn, dx=8, dy=6)
    theme.label(left, 3, 0.5, "mean = β", beta, ha="right", dx=0, dy=9)
    left.set(ylim=(0, 3.1), title="output")
    down, own = theme.colour("gradient"), theme.colour("input")
    right.plot(data["gamma"][dots], data["input_gradient"][dots], "o", color=down)
    right.plot(data["gamma"], data["gamma_gradient"], color=own)
    theme.label(right, -2.4, 2.4, "gradient\nto the input", down, dx=8, dy=6)
    theme.label(right, 3, 1, "gradient of γ", own, ha="right", dx=0, dy=-9)
    right.set(ylim=(0, 3.1), title="gradients, relative to γ = 1")
    return figure
