"""How a running mean forgets its start, and how noisy it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "A small rate is quiet in the long run, and slow to get there"
TAGS = ("running statistics", "momentum")
CLAIMS = ("hundred-batches-are-enough", "waiting-makes-exact", "running-noise-is-known")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every rate and step: mean and noise of the running mean, their closed forms, and the steps to 1 %."""
    mean, noise = (
        results["ema_mean"] / results["stream_mean"],
        results["ema_variance"] / results["batch_variance"],
    )
    runs = results.sizes["stream_run"]
    columns = {
        "mean": mean.mean("stream_run"),
        "mean_theory": results["ema_mean_theory"] / results["stream_mean"],
        "noise": np.sqrt(noise.mean("stream_run")),
        "noise_error": 2
        * noise.std("stream_run", ddof=1)
        / np.sqrt(runs)
        / (2 * np.sqrt(noise.mean("stream_run"))),
        "noise_theory": np.sqrt(results["ema_variance_theory"] / results["batch_variance"]),
        "steps_to_one_percent": results["steps_to_one_percent"].broadcast_like(
            mean.mean("stream_run")
        ),
    }
    tables = [column.to_dataframe(name=name)[[name]] for name, column in columns.items()]
    table = (
        pd.concat([t.reorder_levels(["stream_rate", "stream_step"]) for t in tables], axis=1)
        .sort_index()
        .reset_index()
    )
    return table.rename(columns={"stream_rate": "rate", "stream_step": "step"}).assign(runs=runs)


def _needed(data: pd.DataFrame) -> pd.Series:
    return data.groupby("rate")["steps_to_one_percent"].first().sort_index(ascending=False)


def _noise(data: pd.DataFrame) -> pd.Series:
    return data.groupby("rate")["noise"].last().sort_index(ascending=False)


def alt(data: pd.DataFrame) -> str:
    needed, noise = _needed(data), _noise(data)
    steps = ", ".join(f"{n:.0f} (α = {rate:g})" for rate, n in needed.items())
    left = ", ".join(f"{n:.2g}" for n in noise)
    return (f"Left: the running mean rises from 0 to the stream's mean in steps that grow as α shrinks: within 1 % after {steps}. "
            f"Right: its noise settles at {left} of a single batch mean’s, smaller for smaller α.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"A running mean over independent Gaussian batches, started at zero, at update rates $\\alpha$. Left: its mean, as a share of "
            f"the true one; diamonds mark the step from which on the start weighs less than 1 %. Right: its standard deviation, in units "
            f"of a single batch mean’s; bars are 95 % intervals. Points: {data['runs'].iloc[0]} runs; lines: the closed forms "
            f"$1-(1-\\alpha)^t$ and $\\sqrt{{\\alpha(1-(1-\\alpha)^{{2t}})/(2-\\alpha)}}$.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.5)
    rates = sorted(data["rate"].unique(), reverse=True)
    for rate, colour in zip(rates, theme.sequence(len(rates)), strict=True):
        rows = data[data["rate"] == rate]
        some = rows.iloc[::3]
        for ax, name in ((left, "mean"), (right, "noise")):
            ax.plot(
                rows["step"],
                rows[f"{name}_theory"],
                color=theme.colour("theory"),
                linewidth=1,
                zorder=1.9,
            )
        left.plot(some["step"], some["mean"], "o", color=colour)
        right.errorbar(
            some["step"], some["noise"], some["noise_error"], fmt="o", color=colour, elinewidth=1
        )
        needed = rows["steps_to_one_percent"].iloc[0]
        left.plot([needed], [0.99], "D", color=theme.ink, zorder=5)
        theme.label(
            left,
            needed,
            0.99,
            f"{needed:.0f}",
            theme.ink,
            ha="center",
            dx=0,
            dy=10,
            weight="normal",
        )
        half = np.log(0.5) / np.log1p(-rate)
        theme.label(
            left,
            half,
            0.5,
            f"α = {rate:g}" if rate == rates[0] else f"{rate:g}",
            colour,
            ha="right",
            dx=-7,
            dy=6,
        )
        end = rows.iloc[-1]
        theme.label(
            right,
            end["step"],
            end["noise_theory"],
            f"α = {rate:g}",
            colour,
            ha="right",
            dx=0,
            dy=20 if rate == rates[0] else 12,
        )
    for ax in (left, right):
        ax.set(xscale="log", xlabel="batches seen", xlim=(0.8, data["step"].max() * 1.3))
    left.set(ylim=(0, 1.12), title="running mean / true mean")
    right.set(ylim=(0, 1.25 * data["noise"].max()), title="noise / noise of a batch mean")
    return figure
