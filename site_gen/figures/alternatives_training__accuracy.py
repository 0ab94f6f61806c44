"""Accuracy of each normalization at its best rate, in three kinds of batches."""

import pandas as pd
from matplotlib.ticker import MultipleLocator

from experiments.results import only, rows, summary
from experiments.studies.alternatives_training import KIND, TASKS, right

TITLE = "Nearly all normalizations of activations do alike, but for ghosts that hold one class"
TAGS = ("alternatives", "training", "small batches", "biased batches")
CLAIMS = (
    "renormalization-cures-small-and-biased",
    "sample-norms-win-in-small-batches",
    "ghosts-are-as-good",
    "batch-norm-is-the-best",
    "any-normalization-helps",
)
ID = "alternatives-training"

ORDER = (
    *("batch norm", "batch renormalization", "ghost batches", "layer norm", "RMSNorm"),
    *("group norm", "instance norm", "weight normalization", "none"),
)


def data(results):
    """A row for every task, normalization and run; and the mean over runs with its interval."""
    found = []
    for task in TASKS:
        for norm in ORDER:
            accuracy = right(task, norm)(results)
            mean = summary(accuracy, name="mean")[["mean", "low", "high"]].iloc[0]
            found.append(rows(accuracy).assign(**mean))
    return pd.concat(found, ignore_index=True)


def alt(data):
    means = data.groupby(["task", "norm"])["accuracy"].mean()
    norms = ("batch norm", "ghost batches", "layer norm", "none")
    of = {task: ", ".join(f"{norm} {means[task, norm]:.2f}" for norm in norms) for task in TASKS}
    return f"Mean test accuracy. {'; '.join(f'{task}: {said}' for task, said in of.items())}."


def caption(data):
    return f"""Test accuracy in evaluation mode of a small convolutional network on MNIST-5k shrunk
    to $7 \\times 7$ pixels, each variant at its best learning rate. Points: {data["run"].nunique()}
    paired runs; bars: mean and 95 % interval."""


def draw(data, theme):
    figure, panels = theme.panels(data, "task", sharey=True, sharex=True)
    for ax, task, of_task in panels:
        for lane, norm in enumerate(ORDER):
            runs = only(of_task, norm=norm)
            colour, lanes = theme.colour(KIND[norm]), [lane] * len(runs)
            ax.plot(runs["accuracy"], lanes, "o", color=colour, alpha=0.35, markersize=3.5)
            mean, low, high = runs[["mean", "low", "high"]].iloc[0]
            ax.plot([low, high], [lane, lane], color=theme.ink, linewidth=2)
            ax.plot(mean, lane, "|", color=theme.ink, markersize=11, markeredgewidth=2)
        ax.set(title=task, ylim=(len(ORDER) - 0.4, -0.6), xmargin=0.06)
        ax.xaxis.set_major_locator(MultipleLocator(0.1))
    names = ["no normalization" if norm == "none" else norm for norm in ORDER]
    panels[0][0].set_yticks(range(len(ORDER)), labels=names)
    panels[1][0].set_xlabel("test accuracy")
    return figure
