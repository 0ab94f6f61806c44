"""The measured movement of mean and standard deviation behind batch norm, against that of γ and β."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Behind batch norm mean and width move exactly as far as β and γ do"
TAGS = ("gamma and beta", "internal covariate shift", "closed form")
CLAIMS = ("gamma-beta-move-the-output",)

MOMENTS = {"mean": ("mean", "|Δβ|"), "std": ("standard deviation", "|Δ(|γ|σ/√(σ²+ε))|")}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Movement in one step, measured on the probe and by the closed form, mean over units; by moment, rate, layer and step; first run."""
    rates = sorted(
        float(name.split()[1]) for name in results["condition"].values if name.startswith("rate ")
    )
    rows = []
    for moment in MOMENTS:
        for rate in rates:
            one = results.sel(condition=f"rate {rate:g}").isel(run=0)
            for layer in one["layer"].values:
                for step in one["probe_step"].values:
                    at = one.sel(layer=layer, probe_step=step)
                    rows.append({"moment": moment, "rate": rate, "layer": int(layer), "step": int(step) + 1,
                                 "measured": float(at[f"after_{moment}"]), "theory": float(at[f"after_{moment}_theory"]),
                                 "largest_error": float(results["error"].sel(condition=[f"rate {rate:g}" for rate in rates]).max())})  # fmt: skip
    return pd.DataFrame(rows)


def alt(data: pd.DataFrame) -> str:
    return (f"Measured against predicted movement in one step, from {data['theory'].min():.0e} to {data['theory'].max():.0e}: all {len(data)} points, of "
            f"{data['rate'].nunique()} learning rates and {data['layer'].nunique()} layers, lie on the diagonal.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Every point is one layer of the first run at one of {data['step'].nunique()} steps, mean over units: the movement of the mean (left) and of the "
            f"standard deviation (right) of the distribution behind batch norm on the probe, against the closed form. Over all units and runs the two differ by "
            f"at most ${_power(data['largest_error'].iloc[0])}$.")  # fmt: skip


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa} \\cdot 10^{{{int(exponent)}}}"


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6)
    rates = sorted(data["rate"].unique())
    for ax, (moment, (name, formula)) in zip(axes, MOMENTS.items(), strict=True):
        some = data[data["moment"] == moment]
        ends = [some["theory"].min() / 2, 2 * some["theory"].max()]
        ax.plot(ends, ends, color=theme.colour("theory"), linewidth=1, zorder=1.9)
        for rate, colour in zip(rates, theme.sequence(len(rates)), strict=True):
            rows = some[some["rate"] == rate]
            ax.plot(rows["theory"], rows["measured"], "o", color=colour, markersize=4, alpha=0.8)
            if ax is axes[0]:
                theme.label(
                    ax,
                    0.03,
                    0.95 - 0.075 * rates.index(rate),
                    f"rate {rate:g}",
                    colour,
                    transform="axes fraction",
                    dx=0,
                )
        ax.set(xscale="log", yscale="log", xlabel=formula, title=f"movement of the {name}")
    axes[0].set_ylabel("measured on the probe")
    return figure
