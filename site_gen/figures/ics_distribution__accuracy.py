"""Test accuracy over training, and how batch norm's lead shrinks as the target rises."""

import numpy as np
import pandas as pd
import xarray as xr

from experiments.results import only, summary, value
from experiments.studies.ics_distribution import MAIN

TITLE = "Batch norm leads by far at the start, and not at the end"
TAGS = ("training speed", "accuracy", "sigmoid")
CLAIMS = ("bn-trains-faster", "bn-higher-final-accuracy")
MISSING = dict.fromkeys(
    ("norm", "step", "target"), "rows of accuracies and rows of leads have columns of their own"
)

TARGETS = np.arange(0.30, 0.931, 0.01).round(2)  # test accuracies whose first reaching is compared


def data(results):
    """Accuracy by network and step; by target, how many times as many steps without batch norm.

    The rate is the main one. A target that some run does not reach is left out.
    """
    accuracy = value("accuracy", rate=MAIN)(results)
    reached = accuracy >= xr.DataArray(TARGETS, {"target": TARGETS}, "target")
    first = reached.idxmax("step").where(reached.any("step"))
    lead = (first.sel(norm="none") / first.sel(norm="batch norm")).dropna("target")
    accuracies = summary(accuracy, name="mean").assign(panel="accuracy")
    leads = summary(lead, name="mean", geometric=True).assign(panel="lead")
    return pd.concat([accuracies, leads], ignore_index=True)


def alt(data):
    last = only(data, step=data["step"].max()).set_index("norm")["mean"]
    lead = only(data, panel="lead")
    return f"""Left: with batch norm the test accuracy rises within the first hundred steps, without
    it hundreds of steps later; after {data["step"].max():.0f} steps they are at
    {last["batch norm"]:.3f} and {last["none"]:.3f}. Right: the number of steps to a target, without
    over with batch norm, falls from {lead["mean"].max():.0f} to {lead["mean"].iloc[-1]:.1f} as the
    target rises to {lead["target"].iloc[-1]:.2f}."""


def caption(data):
    return f"""Left: test accuracy on MNIST-5k, in inference mode, of three layers of sigmoids at
    learning rate ${data["rate"].iloc[0]:g}$, a good one for the network without batch norm. Right:
    how many times as many steps that network takes to a test accuracy (at 1 they take the same;
    targets that every run reaches). Means of {data["runs"].max()} paired runs with 95 % bands,
    geometric on the right."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.6)
    for norm, label in (("none", "without"), ("batch norm", "with batch norm")):
        rows = only(data[data["step"] > 0], norm=norm)
        theme.curve(left, rows, "step", "mean", norm)
        half = rows["step"].iloc[(rows["mean"] > 0.5).argmax()]
        theme.label(left, half, 0.5, label, norm, ha="right", dx=-8)
    left.set(xscale="log", ylim=(0, 1), xlabel="training steps", title="test accuracy")
    lead = only(data, panel="lead")
    most = lead["high"].max()
    theme.curve(right, lead, "target", "mean", "truth")
    theme.level(right, y=1, linewidth=0.8)
    right.set_yscale("log", base=2)
    theme.ticks(right, y=[2**k for k in range(8) if 2**k <= 1.3 * most], form="{}×")
    right.set(ylim=(0.7, 1.15 * most), xlabel="target test accuracy")
    right.set(title="steps without ÷ steps with batch norm")
    return figure
