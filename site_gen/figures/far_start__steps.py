"""Steps to a given loss against the values from which γ and β start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = (
    "A γ ten times too small or too large is soon made up for; a γ of thirty or a large β is not"
)
TAGS = ("gamma and beta", "training speed")
CLAIMS = ("far-start-takes-long", "ideal-start-saves-steps")
MISSING = {"steps": "a run that never reaches the target has no number of steps"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Steps of every run to the target, by start; none for a run that does not get there."""
    last = int(results["step"].values[-1])
    rows = []
    for start in results["start"].values:
        one = results.sel(start=start)
        for run in one["run"].values:
            steps = float(one["steps_to"].sel(run=run))
            rows.append({"start": start, "gamma": float(one["start_gamma"]), "beta": float(one["start_beta"]), "run": int(run),
                         "steps": steps if np.isfinite(steps) else np.nan, "last_step": last})  # fmt: skip
    return pd.DataFrame(rows).sort_values(["gamma", "beta", "start", "run"], ignore_index=True)


def _medians(data: pd.DataFrame) -> pd.Series:
    return (
        data.assign(steps=data["steps"].fillna(np.inf))
        .groupby(["gamma", "beta", "start"])["steps"]
        .median()
    )


def alt(data: pd.DataFrame) -> str:
    told = ", ".join(f"{f'{steps:.0f}' if np.isfinite(steps) else 'never'} from {'learned values' if start == 'learned' else f'({start})'}"
                     for (_, _, start), steps in _medians(data).items())  # fmt: skip
    return f"Median training steps to the target loss by the start of γ and β: {told}."


def caption(data: pd.DataFrame) -> str:
    return (f"Steps until the loss on a sample of the training images is under the target, by the start of every γ with $\\beta = 0$ (left) and of every β with $\\gamma = 1$ "
            f"(right). Each dot is one of {data['run'].nunique()} runs with the same weights and batches from every start; the line joins medians. Runs in the strip do not get there "
            f"within {data['last_step'].iloc[0]} steps. “Learned”: from the γ and β, unit by unit, with which the run from $(1, 0)$ ended.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.8, sharey=True, width_ratios=(3, 2))
    last = data["last_step"].iloc[0]
    shown = data.assign(steps=data["steps"].fillna(1.6 * last))
    learned, shown = shown[shown["start"] == "learned"], shown[shown["start"] != "learned"]
    for ax, column, rows in (
        (axes[0], "gamma", shown[shown["beta"] == 0]),
        (axes[1], "beta", shown[shown["gamma"] == 1]),
    ):
        ax.axhspan(1.25 * last, 2.1 * last, color=theme.grid, linewidth=0, zorder=0)
        colour = theme.colour("batch norm")
        middle = rows.groupby(column)["steps"].median()
        ax.plot(rows[column], rows["steps"], "o", color=colour, markersize=4, alpha=0.35)
        ax.plot(middle.index, middle, color=colour, linewidth=1.5)
    colour = theme.colour("positive")
    axes[0].plot(learned["gamma"], learned["steps"], "o", color=colour, markersize=4, alpha=0.5)
    theme.label(
        axes[0], 1.0, learned["steps"].median(), "learned γ and β", colour, dx=-8, ha="right"
    )
    theme.label(
        axes[1], data["beta"].min(), 1.6 * last, "not reached", theme.muted, dx=0, weight="normal"
    )
    ticks = sorted(shown.loc[shown["beta"] == 0, "gamma"].unique())
    axes[0].set(
        xscale="log",
        yscale="log",
        xlabel="γ at the start",
        ylabel="steps to the target loss",
        ylim=(0.6 * data["steps"].min(), 2.1 * last),
    )
    axes[0].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0].minorticks_off()
    marks = [
        tick
        for tick in (10, 20, 50, 100, 200, 500, 1000, 10_000)
        if 0.6 * data["steps"].min() < tick < last
    ]
    axes[0].set_yticks(marks, [f"{tick}" for tick in marks])
    axes[1].set(xlabel="β at the start")
    return figure
