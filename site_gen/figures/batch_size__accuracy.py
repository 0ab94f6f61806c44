"""Test accuracy by batch size: four ways to normalize, and batch norm in three modes."""

import numpy as np

from experiments.results import only, summary
from site_gen.theme.numbers import percent

TITLE = "Batch norm fails at tiny batches, and exact statistics do not save it"
TAGS = ("batch size", "alternatives", "train and eval")
CLAIMS = (
    "batch-norm-needs-large-batches",
    "other-norms-ignore-batch-size",
    "batch-norm-beats-layer-norm",
    "running-statistics-fail-small-batches",
    "train-mode-suits-trained-batch-size",
)

NORMS = ("batch norm", "layer norm", "group norm", "none")
MODES = {
    "running": ("batch norm", "evaluation mode"),
    "population": ("positive", "with exact statistics"),
    "train": ("negative", "training mode"),
}


def data(results):
    """Mean over runs and interval for every way to normalize, mode and batch size."""
    found = summary(results["accuracy"])
    return found[(found["norm"] == "batch norm") | (found["mode"] == "running")]


def alt(data):
    at = 100 * data.set_index(["norm", "mode", "size"])["accuracy"]
    small, bn, ln = data["size"].min(), at["batch norm"], at["layer norm"]
    return f"""Test accuracy against batch size. At batches of {small}, batch norm reaches
    {bn["running", small]:.0f} % in evaluation mode and {bn["train", small]:.0f} % in training mode,
    layer norm {ln["running", small]:.0f} %; at batches of 32 it is {bn["running", 32]:.0f},
    {bn["train", 32]:.0f} and {ln["running", 32]:.0f} %."""


def caption(data):
    small = data["size"].min()
    exact = 100 * data.set_index(["mode", "size"])["accuracy"]["population", small]
    return f"""Accuracy on the test images after equally many epochs with batches of each size, at a
    learning rate in proportion to the size; means of {data["runs"].max()} paired runs with 95 %
    intervals. Left: evaluation mode. Right: batch norm with running statistics, with the statistics
    of all training images in their place ({exact:.0f} % at batches of {small}), and in training
    mode with batches of the size of training. On the right of each panel all networks take few
    steps."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.7, sharey=True)
    lines = [(left, norm, "running", norm, norm) for norm in NORMS]
    lines += [(right, "batch norm", mode, *MODES[mode]) for mode in MODES]
    for ax, norm, mode, colour, words in lines:
        theme.label(ax, 8, 0.62 - 0.07 * len(ax.lines), words, colour, dx=0)
        rows = only(data, norm=norm, mode=mode)
        theme.curve(ax, rows, "size", "accuracy", colour, fmt="o-", markersize=4)
    for ax, title in (
        (left, "Four ways to normalize"),
        (right, "Batch norm, three ways to evaluate"),
    ):
        ax.set(xscale="log", xlabel="images in a training batch", ylim=(0.2, 1), title=title)
        theme.ticks(ax, x=data["size"].unique())
        theme.ticks(ax, y=np.arange(0.2, 1.01, 0.2), form=percent)
    left.set(ylabel="test accuracy")
    return figure
