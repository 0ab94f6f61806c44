"""Noise of a device's own statistics against the number of devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Without synchronization statistics are as noisy as those of a batch the size of a shard"
TAGS = ("deployment", "several devices", "synchronized statistics")
CLAIMS = ("own-shard-noise",)

COLOURS = {"mean": "batch norm", "variance": "none"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run, statistic and number of devices: the standard deviation of a device's own statistic, and its closed form."""
    return (
        results["noise"].to_dataframe().join(results["noise_theory"].to_dataframe()).reset_index()
    )


def _mean(data: pd.DataFrame, statistic: str, shards: int) -> float:
    return float(
        data[(data["statistic"] == statistic) & (data["shards"] == shards)]["noise"].mean()
    )


def alt(data: pd.DataFrame) -> str:
    k = int(data["shards"].max())
    return (f"From one device to {k} the noise of a device's mean rises from {_mean(data, 'mean', 1):.2f} to {_mean(data, 'mean', k):.2f} standard deviations, that of its "
            f"variance from {_mean(data, 'variance', 1):.2f} to {_mean(data, 'variance', k):.2f} of its expectation.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Standard deviation, over devices and units, of the statistics that a device takes of its own shard of a Gaussian batch; {data['run'].nunique()} runs. "
            f"Lines: $\\sqrt{{k/m}}$ for the mean and $\\sqrt{{2/(m/k - 1)}}$ for the variance.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.2)
    for name, condition in COLOURS.items():
        rows = data[data["statistic"] == name]
        line = rows.groupby("shards")["noise_theory"].first()
        ax.plot(line.index, line, color=theme.colour("theory"), linewidth=1, zorder=1.9)
        ax.plot(rows["shards"], rows["noise"], "o", color=theme.colour(condition), alpha=0.5)
        what = (
            "mean, in standard deviations" if name == "mean" else "variance, over its expectation"
        )
        theme.label(
            ax,
            4,
            line.loc[4],
            what,
            theme.colour(condition),
            dx=0,
            dy=14 if name == "variance" else -14,
            ha="right" if name == "variance" else "left",
        )
    ax.set_xscale("log", base=2)
    ax.set(yscale="log", xlabel="devices", ylabel="noise of a device's statistic")
    ax.set_xticks(line.index.to_numpy(), [str(k) for k in line.index])
    return figure
