"""How much of its final distance from the start a layer's γ has gone, over training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Whether γ and β settle early depends on the learning rate"
TAGS = ("gamma and beta", "learning rate")
CLAIMS = ("gamma-beta-settle-early",)

GREEK = {"gamma": "γ", "beta": "β"}
MARK = 0.1  # the share of training after which the claim looks


def data(results: xr.Dataset) -> pd.DataFrame:
    """Distance from the start in parts of the final one, by parameter, rate and share of training; means over runs with 95 % bands."""
    rates = sorted(
        float(name.split()[1]) for name in results["condition"].values if name.startswith("rate ")
    )
    rows = []
    for parameter in GREEK:
        for rate in rates:
            gone = (
                results["distance"]
                .sel(condition=f"rate {rate:g}", parameter=parameter)
                .isel(layer=-1)
                .transpose("step", "run")
                .values
            )
            share = gone / gone[-1]
            half = (
                student.ppf(0.975, share.shape[1] - 1)
                * share.std(axis=1, ddof=1)
                / share.shape[1] ** 0.5
            )
            for step, value, width in zip(
                results["step"].values, share.mean(axis=1), half, strict=True
            ):
                rows.append({"parameter": parameter, "rate": rate, "training": step / results["step"].values[-1], "share": value,
                             "low": value - width, "high": value + width, "steps": int(results["step"].values[-1]), "runs": share.shape[1]})  # fmt: skip
    return pd.DataFrame(rows)


def _at_mark(data: pd.DataFrame) -> pd.DataFrame:
    near = (data["training"] - MARK).abs()
    return data[near == near.min()].set_index(["parameter", "rate"])["share"].unstack()


def alt(data: pd.DataFrame) -> str:
    told = "; ".join(f"{GREEK[p]} {', '.join(f'{share:.0%} at rate {rate:g}' for rate, share in row.items())}"
                     for p, row in _at_mark(data).iloc[::-1].iterrows())  # fmt: skip
    return f"Share of the final distance from the start over training. After a tenth of the steps: {told}."


def caption(data: pd.DataFrame) -> str:
    return (f"Distance of all γ (left) and all β (right) of the last hidden layer from where they started, root mean square over units, in parts of the distance "
            f"after {data['steps'].iloc[0]} steps. The vertical line is a tenth of training; what moves at a constant pace in one direction lies on the dotted line. "
            f"Means of {data['runs'].iloc[0]} runs with 95 % bands.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.8, sharey=True)
    rates = sorted(data["rate"].unique())
    for ax, parameter in zip(axes, GREEK, strict=True):
        ax.plot([0, 1], [0, 1], color=theme.muted, linewidth=1, linestyle=":")
        ax.axvline(MARK, color=theme.muted, linewidth=0.8)
        for rate, colour in zip(rates, theme.sequence(len(rates)), strict=True):
            rows = data[(data["parameter"] == parameter) & (data["rate"] == rate)]
            theme.band(ax, rows["training"], rows["low"], rows["high"], colour)
            ax.plot(rows["training"], rows["share"], color=colour)
        ax.set(
            xlabel="share of training",
            title=f"{GREEK[parameter]} of the last hidden layer",
            ylim=(0, None),
            xlim=(0, 1),
        )
    axes[0].set_ylabel("share of the final distance")
    for rate, colour in zip(rates[::-1], theme.sequence(len(rates))[::-1], strict=True):
        theme.label(
            axes[0],
            0.97,
            0.05 + 0.075 * rates.index(rate),
            f"rate {rate:g}",
            colour,
            transform="axes fraction",
            dx=0,
            ha="right",
        )
    return figure
