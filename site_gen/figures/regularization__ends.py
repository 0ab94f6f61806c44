"""Test loss and test accuracy at the end of training, by condition."""

import pandas as pd

from experiments.results import summary

TITLE = "Noise of any kind lowers the test loss, and hardly moves the accuracy of batch norm"
TAGS = ("regularization", "batch size", "dropout")
CLAIMS = (
    "statistics-noise-raises-accuracy",
    "batch-norm-replaces-dropout",
    "batch-norm-and-dropout-conflict",
)

# Condition → colour and words.
LANES = {
    "none": ("none", "none"),
    "none, dropout 0.2": ("none", "none, dropout of a fifth"),
    "layer norm": ("layer norm", "layer norm"),
    "batch norm": ("batch norm", "batch norm"),
    "batch norm, statistics of 8": ("batch norm", "batch norm, statistics of 8"),
    "batch norm, statistics of 4": ("batch norm", "batch norm, statistics of 4"),
    "batch norm, dropout 0.2": ("batch norm", "batch norm, dropout of a fifth"),
    "batch norm, dropout 0.5": ("batch norm", "batch norm, dropout of a half"),
}
AXES = {"loss": ("test loss (nats)", 1), "accuracy": ("test accuracy (%)", 100)}


def data(results):
    """Mean over runs and interval for every condition and measure on the test images."""
    end = results.sel(set="test", condition=list(LANES)).isel(epoch=-1)
    found = [summary(end[name], name="value").assign(measure=name) for name in AXES]
    return pd.concat(found, ignore_index=True)


def alt(data):
    at = data.set_index(["measure", "condition"])["value"]
    loss, accuracy = at["loss"], 100 * at["accuracy"]
    few, some = "batch norm, statistics of 8", "batch norm, dropout 0.2"
    return (
        f"Test loss and accuracy at the end: batch norm {loss['batch norm']:.2f} nats and "
        f"{accuracy['batch norm']:.1f} %, with statistics of 8 images {loss[few]:.2f} and "
        f"{accuracy[few]:.1f} %, with dropout of a fifth {loss[some]:.2f} and "
        f"{accuracy[some]:.1f} %; no normalization {loss['none']:.2f} and {accuracy['none']:.1f} %."
    )


def caption(data):
    loss = data[data["measure"] == "loss"]["value"]
    return (
        f"At the end of equally long training, evaluation mode; means of {data['runs'].max()} "
        "paired runs with 95 % intervals (between conditions the runs are paired, so differences "
        f"are known better than the intervals suggest). The test loss runs from {loss.min():.2f} "
        f"to {loss.max():.2f} nats."
    )


def draw(data, theme):
    figure, panels = theme.panels(data, "measure", height=3.6, sharey=True)
    for ax, measure, rows in panels:
        words, scale = AXES[measure]
        rows = rows.set_index("condition")[["value", "low", "high"]] * scale
        for lane, (name, (colour, _)) in enumerate(LANES.items()):
            at, colour = rows.loc[name], theme.colour(colour)
            ax.plot([at["low"], at["high"]], [lane, lane], color=colour, linewidth=2)
            ax.plot(at["value"], lane, "o", color=colour, markersize=6)
        ax.set(ylim=(len(LANES) - 0.5, -0.5), xlabel=words)
    panels[0][0].set_yticks(range(len(LANES)), [words for _, words in LANES.values()])
    return figure
