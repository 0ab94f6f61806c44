"""Steps to a given loss with and without batch norm, by how alike the batches are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Batch norm speeds up training many times over, also on a single batch again and again"
TAGS = ("batches", "training speed")
CLAIMS = ("alike-batches-no-norm", "different-batches-more-gain")
MISSING = {"steps": "a run that never reaches the target has no number of steps"}

KINDS = ("one batch", "balanced", "random", "two digits", "one digit")
LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Steps of every run to the target at the main rate, by kind and network; none for a run that does not get there."""
    tried = np.isfinite(results["accuracy"].isel(run=0)).all(["kind", "norm"])
    main = results.sel(rate=results["rate"].values[tried.values][0])
    rows = []
    for kind in KINDS:
        for norm in LABELS:
            one = main.sel(kind=kind, norm=norm)
            for run in one["run"].values:
                steps = float(one["steps_to"].sel(run=run))
                rows.append({"kind": kind, "network": norm, "run": int(run), "steps": steps if np.isfinite(steps) else np.nan,
                             "accuracy": float(one["accuracy"].sel(run=run)), "rate": float(main["rate"]), "last_step": int(main["step"][-1])})  # fmt: skip
    return pd.DataFrame(rows)


def _medians(data: pd.DataFrame) -> pd.Series:
    return (
        data.assign(steps=data["steps"].fillna(np.inf))
        .groupby(["kind", "network"])["steps"]
        .median()
    )


def _told(steps: float) -> str:
    return f"{steps:.0f}" if np.isfinite(steps) else "never"


def alt(data: pd.DataFrame) -> str:
    medians, accuracy = _medians(data), data.groupby(["kind", "network"])["accuracy"].mean()
    told = "; ".join(
        f"{kind}: {_told(medians[kind, 'none'])} and {_told(medians[kind, 'batch norm'])}"
        for kind in KINDS
    )
    return (f"Median steps to the target loss, without and with batch norm: {told}. With two digits a batch the test accuracy at the end is "
            f"{accuracy['two digits', 'none']:.0%} without and {accuracy['two digits', 'batch norm']:.0%} with.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Left: training steps until the loss on what the network learns from is under the target, at rate ${data['rate'].iloc[0]:g}$; each dot is one of "
            f"{data['run'].nunique()} runs, the tall mark their median. Runs in the strip do not get there within {data['last_step'].iloc[0]} steps. "
            f"Right: accuracy on the test set at the end, mean over runs, with the test set’s own statistics.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.6, sharey=True, width_ratios=(3, 2))
    last = data["last_step"].iloc[0]
    left.axvspan(1.25 * last, 2.6 * last, color=theme.grid, linewidth=0, zorder=0)
    jitter = np.linspace(-0.1, 0.1, data["run"].nunique())
    for norm, label in LABELS.items():
        colour = theme.colour(norm)
        for k, kind in enumerate(KINDS[::-1]):
            rows = data[(data["network"] == norm) & (data["kind"] == kind)]
            middle = k + (0.2 if norm == "none" else -0.2)
            steps = rows["steps"].fillna(1.8 * last)
            left.plot(steps, middle + jitter, "o", color=colour, markersize=3, alpha=0.5)
            left.plot(
                [steps.median()], [middle], "|", color=colour, markersize=16, markeredgewidth=2
            )
            right.plot([rows["accuracy"].mean()], [middle], "o", color=colour, markersize=6)
            if k == len(KINDS) - 1:
                theme.label(
                    left,
                    steps.median(),
                    middle,
                    label,
                    colour,
                    dx=-12 if norm == "none" else 16,
                    ha="right" if norm == "none" else "left",
                )
    theme.label(
        left,
        2.6 * last,
        len(KINDS) - 0.5,
        "not reached",
        theme.muted,
        dx=0,
        dy=8,
        ha="right",
        weight="normal",
    )
    left.set_yticks(range(len(KINDS)), KINDS[::-1])
    left.set(
        xscale="log",
        xlim=(0.6 * data["steps"].min(), 2.6 * last),
        ylim=(-0.5, len(KINDS) - 0.5),
        xlabel="training steps",
        title="steps to the target loss",
    )
    right.set(xlim=(0, 1), title="accuracy at the end")
    return figure
