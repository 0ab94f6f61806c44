"""Test loss and test accuracy at the end of training, by condition."""

import pandas as pd

from experiments.results import only, summary
from experiments.studies.regularization import BN, BN_4, BN_8, DROP, HALF, LN, NONE, PAIR

TITLE = "Noise of any kind lowers the test loss, and hardly moves the accuracy of batch norm"
TAGS = ("regularization", "batch size", "dropout")
CLAIMS = (
    "statistics-noise-raises-accuracy",
    "batch-norm-replaces-dropout",
    "batch-norm-and-dropout-conflict",
)

LANES = (NONE, DROP, LN, BN, BN_8, BN_4, PAIR, HALF)


def data(results):
    """Mean over runs and interval for every condition and measure on the test images."""
    end = results.sel(set="test", condition=list(LANES)).isel(epoch=-1)
    loss, accuracy = (summary(end[of], name="value") for of in ("loss", "accuracy"))
    found = loss.assign(measure="loss"), accuracy.assign(measure="accuracy")
    return pd.concat(found, ignore_index=True)


def alt(data):
    at = data.set_index(["measure", "condition"])["value"]
    loss, accuracy = at["loss"], 100 * at["accuracy"]
    return f"""Test loss and accuracy at the end: batch norm {loss[BN]:.2f} nats and
    {accuracy[BN]:.1f} %, with statistics of 8 images {loss[BN_8]:.2f} and {accuracy[BN_8]:.1f} %,
    with dropout of a fifth {loss[PAIR]:.2f} and {accuracy[PAIR]:.1f} %; no normalization
    {loss[NONE]:.2f} and {accuracy[NONE]:.1f} %."""


def caption(data):
    loss = only(data, measure="loss")["value"]
    return f"""At the end of equally long training, evaluation mode; means of {data["runs"].max()}
    paired runs with 95 % intervals (between conditions the runs are paired, so differences are
    known better than the intervals suggest). The test loss runs from {loss.min():.2f} to
    {loss.max():.2f} nats."""


def draw(data, theme):
    figure, panels = theme.panels(data, "measure", height=3.6, sharey=True)
    (loss, *_), (accuracy, *_) = panels
    for ax, measure, rows in panels:
        rows = rows.set_index("condition")[["value", "low", "high"]]
        rows = rows if measure == "loss" else 100 * rows
        for lane, name in enumerate(LANES):
            at, colour = rows.loc[name], theme.colour(name.split(",")[0])
            ax.plot([at["low"], at["high"]], [lane, lane], color=colour, linewidth=2)
            ax.plot(at["value"], lane, "o", color=colour, markersize=6)
    words = [name.replace("0.2", "of a fifth").replace("0.5", "of a half") for name in LANES]
    loss.set_yticks(range(len(LANES)), words)
    loss.set(ylim=(len(LANES) - 0.5, -0.5), xlabel="test loss (nats)")
    accuracy.set(xlabel="test accuracy (%)")
    return figure
