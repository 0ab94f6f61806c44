"""Test accuracy with the test set's own statistics and with running averages, by the sign and size of β at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "A large positive β at the start costs much at inference, and in training no more than a negative one"
TAGS = ("γ and β", "running statistics", "inference")
CLAIMS = ("sign-of-beta-does-not-matter",)

MODES = {
    "training_accuracy": "statistics of the test set",
    "inference_accuracy": "running averages",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """By task, statistics and β at the start (γ = 1 at the start, both trained): mean test accuracy with its 95 % interval."""
    rows = []
    for task in ("spirals", "digits"):
        for mode, name in MODES.items():
            for beta in results["beta"].values:
                runs = results[mode].sel(task=task, affine="trained", gamma=1.0, beta=beta).values
                half = student.ppf(0.975, runs.size - 1) * runs.std(ddof=1) / np.sqrt(runs.size)
                rows.append({"task": task, "statistics": name, "beta": beta, "accuracy": runs.mean(), "low": runs.mean() - half,
                             "high": runs.mean() + half, "runs": runs.size})  # fmt: skip
    return pd.DataFrame(rows)


def _at(data: pd.DataFrame, task: str, name: str, beta: float) -> float:
    return data[(data["task"] == task) & (data["statistics"] == name) & (data["beta"] == beta)][
        "accuracy"
    ].item()


def alt(data: pd.DataFrame) -> str:
    own, running, top = *MODES.values(), data["beta"].max()
    told = [f"{task}: {_at(data, task, own, top):.2f} with the test set’s statistics and {_at(data, task, running, top):.2f} with running averages at "
            f"β = {top:g}, {_at(data, task, own, -top):.2f} and {_at(data, task, running, -top):.2f} at β = −{top:g}" for task in data["task"].unique()]  # fmt: skip
    return "Test accuracy over β at the start. " + "; ".join(told).capitalize() + "."


def caption(data: pd.DataFrame) -> str:
    return (f"The same trained networks, evaluated twice. All start at $\\gamma = 1$ and the $\\beta$ on the axis, and train both. With the statistics of the test set "
            f"the sign of $\\beta$ hardly matters; with the running averages that inference uses, it does. Means of {data['runs'].iloc[0]} paired runs with "
            f"95 % intervals.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.5, sharey=True)
    colours = dict(
        zip(MODES.values(), (theme.colour("truth"), theme.colour("batch norm")), strict=True)
    )
    for ax, task in zip(axes, data["task"].unique(), strict=True):
        for name, colour in colours.items():
            rows = data[(data["task"] == task) & (data["statistics"] == name)]
            theme.band(ax, rows["beta"], rows["low"], rows["high"], colour)
            ax.plot(rows["beta"], rows["accuracy"], "o-", color=colour)
        betas = data["beta"].unique()
        ax.set_xticks(betas, [f"{beta:g}".replace("-", "−") for beta in betas])
        ax.set(xlabel="β at the start", title=task, xlim=(1.06 * betas.min(), 1.06 * betas.max()))
    axes[0].set(ylabel="test accuracy", ylim=(0, 1.02))
    task, top = data["task"].unique()[-1], data["beta"].max()
    own, running = MODES.values()
    theme.label(
        axes[1], top / 2, _at(data, task, own, top / 2), own, colours[own], dx=4, dy=15, ha="center"
    )
    theme.label(
        axes[1],
        top,
        _at(data, task, running, top),
        running,
        colours[running],
        dx=-14,
        dy=4,
        ha="right",
    )
    return figure
