"""How far one step moves the distribution in front of batch norm, behind it, and by γ and β alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "What moves behind batch norm is mostly the shape, unless the learning rate is very large"
TAGS = ("gamma and beta", "internal covariate shift", "learning rate")
CLAIMS = ("gamma-beta-cause-the-movement",)

WHAT = {
    "before_distance": "in front of batch norm",
    "after_distance": "behind it",
    "affine_distance": "by γ and β alone",
}
COLOURS = {"before_distance": "input", "after_distance": "batch norm", "affine_distance": "neutral"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Movement in one step by rate, place and step, geometric mean over runs and the band of nine runs in ten; last hidden layer."""
    rates = sorted(
        float(name.split()[1]) for name in results["condition"].values if name.startswith("rate ")
    )
    rows = []
    for rate in (rates[0], rates[len(rates) // 2], rates[-1]):
        one = results.sel(condition=f"rate {rate:g}").isel(layer=-1)
        for what in WHAT:
            for step in one["probe_step"].values:
                values = np.log(one[what].sel(probe_step=step).values)
                low, high = np.exp(np.quantile(values, (0.05, 0.95)))
                rows.append({"rate": rate, "what": what, "step": int(step) + 1, "distance": np.exp(values.mean()), "low": low, "high": high,
                             "runs": values.size})  # fmt: skip
    return pd.DataFrame(rows)


def _shares(data: pd.DataFrame) -> pd.Series:
    sums = data.groupby(["rate", "what"])["distance"].sum()
    return sums.xs("affine_distance", level="what") / sums.xs("after_distance", level="what")


def alt(data: pd.DataFrame) -> str:
    told = ", ".join(f"{share:.0%} at rate {rate:g}" for rate, share in _shares(data).items())
    first = data[(data["step"] == 1) & (data["what"] == "after_distance")].set_index("rate")[
        "distance"
    ]
    return (f"Movement of the last hidden layer’s distributions in one step, over training, at three learning rates. γ and β alone would give this share of the "
            f"movement behind batch norm: {told}. In the first step the distribution behind batch norm moves by {first.iloc[0]:.1g} of its standard deviation at "
            f"the smallest rate and by {first.iloc[-1]:.1g} at the largest.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Wasserstein-1 distance between the distributions of a unit over a fixed probe before and after one training step, in standard deviations of the "
            f"distribution, mean over the units of the last hidden layer; at learning rates ${'$, $'.join(f'{rate:g}' for rate in data['rate'].unique())}$. "
            f"Geometric means of {data['runs'].iloc[0]} runs; the bands hold the middle nine runs in ten.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    rates = data["rate"].unique()
    figure, axes = theme.figure(cols=len(rates), height=3.6, sharey=True)
    for ax, rate in zip(axes, rates, strict=True):
        for what in WHAT:
            rows, colour = (
                data[(data["rate"] == rate) & (data["what"] == what)],
                theme.colour(COLOURS[what]),
            )
            theme.band(ax, rows["step"], rows["low"], rows["high"], colour)
            ax.plot(rows["step"], rows["distance"], color=colour, marker="o", markersize=3)
        ax.set(xscale="log", yscale="log", xlabel="training step", title=f"learning rate {rate:g}")
    axes[0].set_ylabel("movement in one step (standard deviations)")
    for what in WHAT:
        rows = data[
            (data["rate"] == (rates[1] if what != "affine_distance" else rates[0]))
            & (data["what"] == what)
        ]
        row = rows.iloc[len(rows) // 2]
        ax = axes[1] if what != "affine_distance" else axes[0]
        above = what != "after_distance"
        theme.label(ax, row["step"], (row["high"] if above else row["low"]), WHAT[what], theme.colour(COLOURS[what]),
                    dx=0, dy=12 if above else -12, ha="center")  # fmt: skip
    return figure
