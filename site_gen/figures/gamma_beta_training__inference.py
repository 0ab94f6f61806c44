"""Test accuracy with the test set's own statistics and with running averages, by β at the start."""

from __future__ import annotations

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import summary
from experiments.studies.gamma_beta_training import TASKS
from site_gen.theme import Theme

TITLE = (
    "A large positive β at the start costs much at inference, and in training no more than a "
    "negative one"
)
TAGS = ("γ and β", "running statistics", "inference")
CLAIMS = ("sign-of-beta-does-not-matter",)
ID = "gamma-beta-sweep-inference"

# Variable → which statistics are used, and the colour.
MODES = {
    "training_accuracy": ("statistics of the test set", "truth"),
    "inference_accuracy": ("running averages", "batch norm"),
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """By task, statistics and β at the start (γ = 1, both trained): test accuracy."""
    of = results.sel(affine="trained", gamma=1.0, task=list(TASKS), drop=True)
    found = [
        summary(of[mode], name="accuracy").assign(statistics=name)
        for mode, (name, _) in MODES.items()
    ]
    return pd.concat(found, ignore_index=True)


def _at(data: pd.DataFrame) -> pd.Series:
    return data.set_index(["task", "statistics", "beta"])["accuracy"]


def alt(data: pd.DataFrame) -> str:
    (own, _), (running, _) = MODES.values()
    top, at = data["beta"].max(), _at(data)
    said = "; ".join(
        f"{task}: {at[task, own, top]:.2f} with the test set’s statistics and "
        f"{at[task, running, top]:.2f} with running averages at β = {top:g}, "
        f"{at[task, own, -top]:.2f} and {at[task, running, -top]:.2f} at β = −{top:g}"
        for task in data["task"].unique()
    )
    return f"Test accuracy over β at the start. {said.capitalize()}."


def caption(data: pd.DataFrame) -> str:
    return (
        "The same trained networks, evaluated twice. All start at $\\gamma = 1$ and the $\\beta$ on "
        "the axis, and train both. With the statistics of the test set the sign of $\\beta$ hardly "
        "matters; with the running averages that inference uses, it does. Means of "
        f"{data['runs'].iloc[0]} paired runs with 95 % intervals."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, panels = theme.panels(data, "task", height=3.5, sharey=True)
    betas = data["beta"].unique()
    for ax, task, of_task in panels:
        for name, colour in MODES.values():
            of = of_task[of_task["statistics"] == name]
            theme.curve(ax, of, "beta", "accuracy", colour, fmt="o-")
        theme.ticks(ax, x=betas)
        ax.set(xlabel="β at the start", title=task, xlim=(1.06 * betas.min(), 1.06 * betas.max()))
    panels[0][0].set(ylabel="test accuracy", ylim=(0, 1.02))
    ax, task, _ = panels[-1]
    (own, dark), (running, blue) = MODES.values()
    top, at = betas.max(), _at(data)
    theme.label(ax, top / 2, at[task, own, top / 2], own, dark, dx=4, dy=15, ha="center")
    theme.label(ax, top, at[task, running, top], running, blue, dx=-14, dy=4, ha="right")
    return figure
