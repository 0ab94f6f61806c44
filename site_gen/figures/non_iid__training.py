"""Test accuracy after training with shuffled and with biased batches."""

import numpy as np
import pandas as pd

from experiments.results import summary
from experiments.studies.non_iid import KINDS

TITLE = "Batches of few digits cost batch norm more than layer norm"
TAGS = ("biased batches", "train and eval", "alternatives")
CLAIMS = (
    "biased-batches-spoil-batch-norm",
    "layer-norm-ignores-biased-batches",
    "biased-training-suits-biased-batches",
)

SAME = "batch norm, training mode,\nsame kind of batch"
# Norm and mode → colour, words, and where these stand: beside which kinds, moved by points.
CONDITIONS = {
    ("layer norm", "evaluation"): ("layer norm", "layer norm", 2, [2], {"dx": 9}),
    ("none", "evaluation"): ("none", "none", 2, [2], {"dx": 9}),
    ("batch norm", "evaluation"): (
        "batch norm",
        "batch norm, evaluation mode",
        1.42,
        [1, 2],
        {"dx": 8, "dy": 14},
    ),
    ("batch norm", "training, same kind"): (
        "negative",
        SAME,
        1,
        [1],
        {"dx": -10, "dy": -16, "ha": "right"},
    ),
}


def data(results):
    """Mean over runs and interval for every kind of batch, way to normalize and mode."""
    found = [
        summary(results["accuracy"].sel(norm=[norm], mode=[mode], kind=list(KINDS)))
        for norm, mode in CONDITIONS
    ]
    return pd.concat(found, ignore_index=True)


def percent(data, norm, mode="evaluation"):
    """Accuracy by kind of batch."""
    rows = data[(data["norm"] == norm) & (data["mode"] == mode)].set_index("kind")
    return [f"{100 * rows['accuracy'][kind]:.0f} %" for kind in KINDS]


def alt(data):
    bn, ln = percent(data, "batch norm"), percent(data, "layer norm")
    return (
        "Test accuracy for three kinds of training batch, shuffled, two digits and one digit: "
        f"batch norm {bn[0]}, {bn[1]} and {bn[2]} in evaluation mode, layer norm {ln[0]}, {ln[1]} "
        f"and {ln[2]}."
    )


def caption(data):
    same = percent(data, "batch norm", "training, same kind")
    return (
        "Accuracy on the test images after equally many steps with batches of one size; means of "
        f"{data['runs'].max()} paired runs with 95 % intervals. In training mode the test images "
        "are in batches of the kind that the network was trained with: after batches of two digits "
        f"{same[1]}. One digit in ten would be right by chance."
    )


def draw(data, theme):
    figure, ax = theme.figure(height=3.7)
    for (norm, mode), (colour, words, x, kinds, place) in CONDITIONS.items():
        rows = data[(data["norm"] == norm) & (data["mode"] == mode)]
        rows = rows.assign(place=range(len(KINDS)))
        style = {"fmt": "o-", "linewidth": 1.2, "markersize": 6}
        theme.points(ax, rows, "place", "accuracy", colour, **style)
        theme.label(ax, x, rows["accuracy"].iloc[kinds].mean(), words, colour, **place)
    ax.set(ylim=(0, 1), xlim=(-0.15, 2.55), ylabel="test accuracy", xlabel="training batches")
    theme.ticks(ax, y=np.arange(0, 1.01, 0.2), form=lambda y: f"{100 * y:.0f} %")
    ax.set_xticks(range(len(KINDS)), ["shuffled", "two digits a batch", "one digit a batch"])
    theme.level(ax, y=0.1, linewidth=0.8, linestyle=":")
    theme.label(ax, -0.12, 0.1, "chance", theme.muted, dx=0, dy=8, weight="normal")
    return figure
