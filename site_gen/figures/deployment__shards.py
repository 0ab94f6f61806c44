"""Average of the devices' variances over the variance of the whole batch, for equal and for unequal shards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Averaged variances of shards are too small, by closed forms"
TAGS = ("deployment", "several devices", "synchronized statistics")
CLAIMS = (
    "synchronized-is-whole-batch",
    "average-the-variances",
    "average-variance-closed-form",
    "unequal-shards-average",
)


def data(results: xr.Dataset) -> pd.DataFrame:
    """Rows for k equal devices, with one distribution or shifted ones, and for two devices with some samples on the second."""
    equal = (
        results["average_ratio"]
        .to_dataframe(name="ratio")
        .join(results["average_theory"].to_dataframe(name="theory"))
        .reset_index()
    )
    uneven = (
        results["uneven_ratio"]
        .to_dataframe(name="ratio")
        .join(results["uneven_theory"].to_dataframe(name="theory"))
        .reset_index()
    )
    uneven = uneven.rename(columns={"second": "value"}).assign(kind="uneven", distribution="same")
    return pd.concat(
        [equal.rename(columns={"shards": "value"}).assign(kind="equal"), uneven], ignore_index=True
    )[["kind", "distribution", "value", "run", "ratio", "theory"]]


def _mean(data: pd.DataFrame, kind: str, distribution: str, value: int) -> float:
    return float(
        data[
            (data["kind"] == kind)
            & (data["distribution"] == distribution)
            & (data["value"] == value)
        ]["ratio"].mean()
    )


def alt(data: pd.DataFrame) -> str:
    k = int(data[data["kind"] == "equal"]["value"].max())
    return (f"Left: the ratio falls from 1 on one device to {_mean(data, 'equal', 'same', k):.2f} on {k}, and to {_mean(data, 'equal', 'shifted', k):.2f} if the devices' "
            f"data differ. Right: it falls to {_mean(data, 'uneven', 'same', 1):.2f} as the second of two devices holds a single sample.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Plain average of the devices' variances over the variance of the whole batch; {data['run'].nunique()} runs. Left: equal shards; lines $(m-k)/(m-1)$, and "
            f"the same with the devices' means one standard deviation apart. Right: two devices; line $(1 - 1/h)/(1 - 1/m)$ with $h$ the harmonic mean of the two "
            f"sizes. Synchronized statistics stand at 1.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(1, 2, height=3.4, sharey=True)
    for ax, kind in zip(axes, ("equal", "uneven"), strict=True):
        ax.axhline(1, color=theme.colour("neutral"), linewidth=1, zorder=1.5)
        for name, condition in (("same", "batch norm"), ("shifted", "input")):
            rows = data[(data["kind"] == kind) & (data["distribution"] == name)]
            if rows.empty:
                continue
            line = rows.groupby("value")["theory"].first()
            ax.plot(line.index, line, color=theme.colour("theory"), linewidth=1, zorder=1.9)
            ax.plot(rows["value"], rows["ratio"], "o", color=theme.colour(condition), alpha=0.5)
            if kind == "equal":
                what = "one distribution" if name == "same" else "shifted devices"
                at = line.index[len(line) // 2]
                theme.label(
                    ax,
                    at,
                    line[at],
                    what,
                    theme.colour(condition),
                    dx=0,
                    dy=-16,
                    ha="right",
                )
        ax.set_xscale("log", base=2)
        ticks = np.unique(data[data["kind"] == kind]["value"])
        ticks = ticks[np.log2(ticks) % 1 == 0]
        ax.set_xticks(ticks, [str(t) for t in ticks])
    axes[0].set(xlabel="equal devices k", ylabel="averaged over true variance", ylim=(0, 1.1))
    axes[1].set(xlabel="samples on the second of two devices")
    return figure
