"""Movement of distributions against speed of learning, for each network at each learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The network that moves less is not always the one that learns faster"
TAGS = ("internal covariate shift", "learning rate", "training speed")
CLAIMS = ("steadier-trains-faster",)
MISSING = {"steps": "a run that never reaches the target has no number of steps"}

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Distance travelled over the steps that all rates have, and steps to the main target accuracy, by network, rate and run.

    A run that does not reach the target within those steps has no number of steps.
    """
    common = np.isfinite(results["accuracy"].isel(run=0)).all(["norm", "rate"])
    last = int(results["step"].values[common.values][-1])
    rows = []
    for norm in LABELS:
        for rate in results["rate"].values:
            for run in results["run"].values:
                at = results.sel(norm=norm, rate=rate, run=run)
                steps = float(at["steps_to"].isel(target=0))
                rows.append({"network": norm, "rate": rate, "run": int(run), "steps": steps if steps <= last else np.nan,
                             "distance": float(at["travelled"].sel(step=last, place="sigmoid input")), "last_step": last,
                             "target": float(results["target"][0])})  # fmt: skip
    return pd.DataFrame(rows)


def _centres(data: pd.DataFrame) -> pd.DataFrame:
    return (
        data.assign(steps=data["steps"].fillna(np.inf))
        .groupby(["network", "rate"], sort=False)[["steps", "distance"]]
        .median()
    )


def alt(data: pd.DataFrame) -> str:
    centres = _centres(data)
    told = []
    for network, label in LABELS.items():
        parts = [f"{row['distance']:.1f} and {'never' if np.isinf(row['steps']) else format(row['steps'], '.0f')} at rate {rate:g}"
                 for rate, row in centres.loc[network].iterrows()]  # fmt: skip
        told.append(f"{label} {', '.join(parts)}")
    return f"Scatter of distance travelled and steps to a test accuracy of {data['target'].iloc[0]:g}, medians: {'; '.join(told)}."


def caption(data: pd.DataFrame) -> str:
    return (f"Each dot is a run: how far the distributions of the last hidden layer travel within {data['last_step'].iloc[0]} steps, in units of the "
            f"sigmoid’s input, and after how many steps the test accuracy reaches ${data['target'].iloc[0]:g}$; {data['run'].nunique()} runs at each of "
            f"{data['rate'].nunique()} learning rates. Runs in the strip at the top do not reach it.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=4.0)
    last = data["last_step"].iloc[0]
    ax.axhspan(1.3 * last, 2.3 * last, color=theme.grid, linewidth=0, zorder=0)
    for network, label in LABELS.items():
        rows, colour = data[data["network"] == network], theme.colour(network)
        rows = rows.assign(steps=rows["steps"].fillna(1.75 * last))
        ax.plot(rows["distance"], rows["steps"], "o", color=colour, alpha=0.6)
        by_rate = rows.groupby("rate")[["distance", "steps"]]
        centres, lowest = by_rate.median(), by_rate.min()["steps"]
        ax.plot(centres["distance"], centres["steps"], color=colour, linewidth=0.9)
        for rate, centre in centres.iterrows():
            theme.label(
                ax,
                centre["distance"],
                lowest[rate],
                f"rate {rate:g}",
                colour,
                dx=0,
                dy=-13,
                ha="center",
                weight="normal",
            )
        (x, y), (u, v) = centres.to_numpy()[(len(centres) - 1) // 2 :][:2]
        theme.label(
            ax,
            np.sqrt(x * u),
            np.sqrt(y * v),
            label,
            colour,
            dx=0,
            dy=33 if network == "batch norm" else 14,
            ha="center",
        )
    never = data.loc[data["steps"].isna(), "distance"]
    theme.label(ax, never.max() if len(never) else data["distance"].min(), 1.75 * last, f"not within {last} steps", theme.muted, dx=14,
                weight="normal")  # fmt: skip
    ax.set(xscale="log", yscale="log", ylim=(0.6 * data["steps"].min(), 2.3 * last), title=f"steps to a test accuracy of {data['target'].iloc[0]:g}",
           xlabel=f"distance travelled in {last} steps, in units of the sigmoid’s input")  # fmt: skip
    ax.set_xlim(0.8 * data["distance"].min(), 1.15 * data["distance"].max())
    ticks = [
        tick
        for tick in (0.2, 0.5, 1, 2, 5, 10, 20)
        if 0.8 * data["distance"].min() < tick < 1.15 * data["distance"].max()
    ]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ticks = [tick for tick in (10, 30, 100, 300, 1000, 10_000) if tick <= last]
    ax.set_yticks(ticks, [f"{tick}" for tick in ticks])
    return figure
