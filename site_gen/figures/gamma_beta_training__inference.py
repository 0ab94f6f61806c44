"""Test accuracy with the test set's own statistics and with running averages, by β at the start."""

import pandas as pd

from experiments.results import summary
from experiments.studies.gamma_beta_training import TASKS

TITLE = (
    "A large positive β at the start costs much at inference, and in training no more than a "
    "negative one"
)
TAGS = ("γ and β", "running statistics", "inference")
CLAIMS = ("sign-of-beta-does-not-matter",)
ID = "gamma-beta-sweep-inference"

MODES = "training_accuracy", "inference_accuracy"
NAMES = {"statistics of the test set": "truth", "running averages": "batch norm"}  # → colours


def data(results):
    """By task, statistics and β at the start (γ = 1, both trained): test accuracy."""
    of = results.sel(affine="trained", gamma=1.0, task=list(TASKS), drop=True)
    accuracies = (summary(of[mode], name="accuracy") for mode in MODES)
    return pd.concat(accuracies, keys=NAMES, names=["statistics"]).reset_index("statistics")


def alt(data):
    (own, running), top = NAMES, data["beta"].max()
    at = data.set_index(["task", "statistics", "beta"])["accuracy"]
    said = "; ".join(
        f"{task}: {at[task, own, top]:.2f} with the test set’s statistics and "
        f"{at[task, running, top]:.2f} with running averages at β = {top:g}, "
        f"{at[task, own, -top]:.2f} and {at[task, running, -top]:.2f} at β = −{top:g}"
        for task in data["task"].unique()
    )
    return f"Test accuracy over β at the start. {said.capitalize()}."


def caption(data):
    return f"""The same trained networks, evaluated twice. All start at $\\gamma = 1$ and the
    $\\beta$ on the axis, and train both. With the statistics of the test set the sign of $\\beta$
    hardly matters; with the running averages that inference uses, it does. Means of
    {data["runs"].iloc[0]} paired runs with 95 % intervals."""


def draw(data, theme):
    figure, panels = theme.panels(data, "task", height=3.5, sharey=True)
    betas = data["beta"].unique()
    for ax, task, some in panels:
        for name, of in some.groupby("statistics", sort=False):
            theme.curve(ax, of, "beta", "accuracy", NAMES[name], fmt="o-")
        theme.ticks(ax, x=betas)
        ax.set(xlabel="β at the start", title=task, xlim=(1.06 * betas.min(), 1.06 * betas.max()))
    panels[0][0].set(ylabel="test accuracy", ylim=(0, 1.02))
    (own, running), top, at = NAMES, betas.max(), some.set_index(["statistics", "beta"])["accuracy"]
    theme.label(ax, top / 2, at[own, top / 2], own, NAMES[own], dx=4, dy=15, ha="center")
    theme.label(ax, top, at[running, top], running, NAMES[running], dx=-14, dy=4, ha="right")
    return figure
