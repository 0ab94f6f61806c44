"""Test accuracy after training with shuffled and with biased batches."""

import numpy as np
import pandas as pd

from experiments.results import only, summary
from experiments.studies.non_iid import KINDS
from site_gen.theme.numbers import percent

TITLE = "Batches of few digits cost batch norm more than layer norm"
TAGS = ("biased batches", "train and eval", "alternatives")
CLAIMS = (
    "biased-batches-spoil-batch-norm",
    "layer-norm-ignores-biased-batches",
    "biased-training-suits-biased-batches",
)

SAME = "training, same kind"
# Norm and mode → words, beside which place, and how far from it in points.
CONDITIONS = {
    ("layer norm", "evaluation"): ("layer norm", 2, 9, 0, "left"),
    ("none", "evaluation"): ("none", 2, 9, 0, "left"),
    ("batch norm", "evaluation"): ("batch norm, evaluation mode", 1.42, 8, 14, "left"),
    ("batch norm", SAME): ("batch norm, training mode,\nsame kind of batch", 1, -10, -16, "right"),
}


def data(results):
    """Mean over runs and interval for every kind of batch, way to normalize and mode."""
    accuracy = results["accuracy"].sel(kind=list(KINDS))
    found = [summary(accuracy.sel(norm=[norm], mode=[mode])) for norm, mode in CONDITIONS]
    return pd.concat(found, ignore_index=True)


def _accuracy(data, norm, mode="evaluation"):
    """In per cent, by kind of batch."""
    return [percent(share) for share in only(data, norm=norm, mode=mode)["accuracy"]]


def alt(data):
    bn, ln = _accuracy(data, "batch norm"), _accuracy(data, "layer norm")
    return f"""Test accuracy for three kinds of training batch, shuffled, two digits and one digit:
    batch norm {bn[0]}, {bn[1]} and {bn[2]} in evaluation mode, layer norm {ln[0]}, {ln[1]} and
    {ln[2]}."""


def caption(data):
    return f"""Accuracy on the test images after equally many steps with batches of one size; means
    of {data["runs"].max()} paired runs with 95 % intervals. In training mode the test images are in
    batches of the kind that the network was trained with: after batches of two digits
    {_accuracy(data, "batch norm", SAME)[1]}. One digit in ten would be right by chance."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.7)
    for (norm, mode), (words, x, dx, dy, ha) in CONDITIONS.items():
        rows = only(data, norm=norm, mode=mode).assign(place=range(len(KINDS)))
        colour = "negative" if mode == SAME else norm
        style = {"fmt": "o-", "linewidth": 1.2, "markersize": 6}
        theme.points(ax, rows, "place", "accuracy", colour, **style)
        beside = rows["accuracy"].iloc[[int(np.floor(x)), int(np.ceil(x))]].mean()
        theme.label(ax, x, beside, words, colour, dx=dx, dy=dy, ha=ha)
    ax.set(ylim=(0, 1), xlim=(-0.15, 2.55), ylabel="test accuracy", xlabel="training batches")
    theme.ticks(ax, y=np.arange(0, 1.01, 0.2), form=percent)
    ax.set_xticks(range(len(KINDS)), ["shuffled", "two digits a batch", "one digit a batch"])
    theme.level(ax, y=0.1, linewidth=0.8, linestyle=":")
    theme.label(ax, -0.12, 0.1, "chance", theme.muted, dx=0, dy=8, weight="normal")
    return figure
