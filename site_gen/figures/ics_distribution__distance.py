"""How far the distributions of the last hidden layer have travelled, in two units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With batch norm distributions travel less, unless the other network hardly learns"
TAGS = ("internal covariate shift", "distributions", "learning rate")
CLAIMS = ("bn-steadies-distributions",)

UNITS = {
    "spreads": "in standard deviations of its own",
    "travelled": "in units of the sigmoid’s input",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Distance travelled up to a step, by unit, rate and network; at the smallest rate and at that of the main comparison."""
    main = _main_rate(results)
    common = np.isfinite(results["accuracy"].isel(run=0)).all(["norm", "rate"])
    steps = results["step"].values[common.values]
    rows = []
    for unit in UNITS:
        for rate in (results["rate"].values.min(), main):
            for norm in ("none", "batch norm"):
                for step in steps:
                    values = (
                        results[unit]
                        .sel(rate=rate, norm=norm, step=step, place="sigmoid input")
                        .values
                    )
                    half = (
                        student.ppf(0.975, values.size - 1)
                        * values.std(ddof=1)
                        / np.sqrt(values.size)
                    )
                    rows.append({"unit": unit, "rate": rate, "network": norm, "step": int(step), "distance": values.mean(),
                                 "low": values.mean() - half, "high": values.mean() + half, "runs": values.size})  # fmt: skip
    return pd.DataFrame(rows)


def _main_rate(results: xr.Dataset) -> float:
    """The rate that is trained for the longest, and of several the best for the network without batch norm."""
    plain = results.sel(norm="none").isel(target=0)
    longest = plain.sel(rate=np.isfinite(plain["accuracy"].isel(step=-1, run=0)).values)
    return longest["rate"].values[
        longest["steps_to"].transpose("rate", "run").median("run").values.argmin()
    ]


def _ends(data: pd.DataFrame) -> pd.Series:
    return data[data["step"] == data["step"].max()].set_index(["unit", "rate", "network"])[
        "distance"
    ]


def alt(data: pd.DataFrame) -> str:
    ends, (small, main) = _ends(data), data["rate"].unique()
    return (f"Distance travelled over {data['step'].max()} steps at learning rates {small:g} and {main:g}. In its own standard deviations: "
            f"{ends['spreads', small, 'none']:.0f} and {ends['spreads', main, 'none']:.0f} without batch norm, {ends['spreads', small, 'batch norm']:.1f} and "
            f"{ends['spreads', main, 'batch norm']:.1f} with. In units of the sigmoid’s input: {ends['travelled', small, 'none']:.1f} and "
            f"{ends['travelled', main, 'none']:.1f} without, {ends['travelled', small, 'batch norm']:.1f} and "
            f"{ends['travelled', main, 'batch norm']:.1f} with.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    small, main = data["rate"].unique()
    return (f"The distance that the distribution of a sigmoid’s input has travelled in the last hidden layer: Wasserstein-1 distances from reading to reading, "
            f"added up and averaged over units, at learning rates ${small:g}$ (dashed) and ${main:g}$ (solid). Left in standard deviations of the distribution "
            f"itself, on a logarithmic scale; right as the sigmoid sees it. Means of {data['runs'].iloc[0]} runs; their 95 % bands are hardly wider than "
            f"the lines.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.8)
    small, main = data["rate"].unique()
    for ax, (unit, title) in zip(axes, UNITS.items(), strict=True):
        for (rate, network), rows in data[(data["unit"] == unit) & (data["step"] > 0)].groupby(
            ["rate", "network"]
        ):
            colour = theme.colour(network)
            theme.band(ax, rows["step"], rows["low"], rows["high"], colour)
            ax.plot(
                rows["step"],
                rows["distance"],
                color=colour,
                linestyle="--" if rate == small else "-",
            )
            theme.label(
                ax,
                rows["step"].iloc[-1],
                rows["distance"].iloc[-1],
                f"rate {rate:g}",
                colour,
                weight="normal",
            )
            middle = rows.iloc[len(rows) // 2]
            if unit == "spreads" and (rate, network) in ((main, "none"), (small, "batch norm")):
                above = network == "none"
                theme.label(ax, middle["step"], middle["distance"], f"{'without' if above else 'with'} batch norm", colour,
                            dx=-30 if above else -20, dy=14 if above else -18)  # fmt: skip
        ax.set(xscale="log", xlabel="training steps", title=title)
    axes[0].set(yscale="log", ylabel="distance travelled")
    axes[0].set_ylim(top=3 * data["high"].max())
    return figure
