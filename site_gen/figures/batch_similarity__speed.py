"""Steps to a given loss with and without batch norm, by how alike the batches are."""

import numpy as np
import pandas as pd

from experiments.results import only, rows
from experiments.studies.batch_similarity import KINDS, LABELS, read

TITLE = "Batch norm speeds up training many times over, also on a single batch again and again"
TAGS = ("batches", "training speed")
CLAIMS = ("alike-batches-no-norm", "different-batches-more-gain")
MISSING = {"steps_to": "a run that never reaches the target has no number of steps"}


def data(results):
    """Steps of every run to the target at the main rate; none for a run that does not get there."""
    found = [
        rows(read("steps_to", kind, norm)(results), read("accuracy", kind, norm)(results))
        for kind in KINDS
        for norm in LABELS
    ]
    table = pd.concat(found, ignore_index=True).replace({"steps_to": np.inf}, np.nan)
    return table.assign(last_step=int(results["step"][-1]))


def alt(data):
    steps = data.assign(steps_to=data["steps_to"].fillna(np.inf))
    medians = steps.groupby(["kind", "norm"])["steps_to"].median()
    words = medians.map(lambda step: f"{step:.0f}" if np.isfinite(step) else "never")
    accuracy = data.groupby(["kind", "norm"])["accuracy"].mean()["two digits"]
    said = "; ".join(f"{k}: {words[k, 'none']} and {words[k, 'batch norm']}" for k in KINDS)
    return f"""Median steps to the target loss, without and with batch norm: {said}. With two digits
    a batch the test accuracy at the end is {accuracy["none"]:.0%} without and
    {accuracy["batch norm"]:.0%} with."""


def caption(data):
    return f"""Left: training steps until the loss on what the network learns from is under the
    target, at rate ${data["rate"].max():g}$; each dot is one of {data["run"].nunique()} runs, the
    tall mark their median. Runs in the strip do not get there within {data["last_step"].max()}
    steps. Right: accuracy on the test set at the end, mean over runs, with the test set’s own
    statistics."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.6, sharey=True, width_ratios=(3, 2))
    last, top = data["last_step"].max(), len(KINDS) - 0.5
    left.axvspan(1.25 * last, 2.6 * last, color=theme.grid, linewidth=0, zorder=0)
    jitter = np.linspace(-0.1, 0.1, data["run"].nunique())
    beside = {"none": {"dx": -12, "ha": "right"}, "batch norm": {"dx": 16, "ha": "left"}}
    for norm, label in LABELS.items():
        colour, offset = theme.colour(norm), 0.2 if norm == "none" else -0.2
        for k, kind in enumerate(KINDS[::-1]):
            y, of_kind = k + offset, only(data, norm=norm, kind=kind)
            steps = of_kind["steps_to"].fillna(1.8 * last)
            left.plot(steps, y + jitter, "o", color=colour, markersize=3, alpha=0.5)
            left.plot(steps.median(), y, "|", color=colour, markersize=16, markeredgewidth=2)
            right.plot(of_kind["accuracy"].mean(), y, "o", color=colour, markersize=6)
        theme.label(left, steps.median(), y, label, norm, **beside[norm])
    above = {"dx": 0, "dy": 8, "ha": "right", "weight": "normal"}
    theme.label(left, 2.6 * last, top, "not reached", theme.muted, **above)
    left.set_yticks(range(len(KINDS)), KINDS[::-1])
    left.set(xscale="log", xlabel="training steps", title="steps to the target loss")
    left.set(xlim=(0.6 * data["steps_to"].min(), 2.6 * last), ylim=(-0.5, top))
    right.set(xlim=(0, 1), title="accuracy at the end")
    return figure
