"""Test loss against training loss, through training, for every condition."""

import numpy as np

from experiments.results import only, rows
from experiments.studies.regularization import BN, BN_4, BN_8, DROP, HALF, LN, NONE, PAIR

TITLE = "Batch norm regularizes if its statistics come from few images"
TAGS = ("regularization", "batch size", "dropout")
CLAIMS = (
    "batch-norm-regularizes-like-dropout",
    "less-images-regularize-more",
    "statistics-noise-is-more-than-slow-learning",
)

# Title → conditions and their words.
PANELS = {
    "Without dropout": {NONE: "no normalization", LN: "layer norm", BN: "batch norm"},
    "Batch norm: statistics of": {BN_4: "4 images", BN_8: "8 images", BN: "40 images"},
    "With dropout of a fifth": {
        DROP: "no normalization",
        PAIR: "batch norm",
        HALF: "batch norm, a half",
    },
}


def data(results):
    """Losses on both sets, means over runs, for every condition and reading during training."""
    loss = results["loss"].mean("run").isel(epoch=slice(1, None))
    training, test = (loss.sel(set=one, drop=True) for one in ("training", "test"))
    return rows(training_loss=training, test_loss=test).assign(runs=results.sizes["run"])


def alt(data):
    ends = data.groupby("condition").last()
    few, whole = ends.loc[BN_8], ends.loc[BN]
    return f"""Test loss against training loss through training. With batch norm it ends at a test
    loss of {whole["test_loss"]:.2f} and a training loss of {whole["training_loss"]:.3f}; with
    statistics of 8 images at {few["test_loss"]:.2f} and {few["training_loss"]:.3f}."""


def caption(data):
    every = data["epoch"].diff().mode().iloc[0]
    return f"""Each line is a training, from right to left, with a point every {every:.0f} epochs:
    mean cross-entropy in nats on the training and the test images in evaluation mode, means of
    {data["runs"].max()} paired runs. The lower a line at the same training loss, the smaller the
    gap. Middle: gradients of the same batches of 40, of which 40, 8 or 4 share their statistics.
    Right: in grey, dropout of a half."""


def draw(data, theme):
    figure, axes = theme.figure(cols=3, height=3.6, sharey=True)
    colours = [NONE, LN, BN], theme.sequence(3), [NONE, BN, theme.muted]
    x, y = "training_loss", "test_loss"
    low, high = data[x].min(), data[x].max()
    same = np.geomspace(low, high, 50)
    for ax, (title, panel), shades in zip(axes, PANELS.items(), colours, strict=True):
        for line, ((name, words), colour) in enumerate(zip(panel.items(), shades, strict=True)):
            found, top = only(data, condition=name), 0.96 - 0.075 * line
            theme.curve(ax, found, x, y, colour, fmt="o-", linewidth=1.2, markersize=2.5)
            theme.points(ax, found[-1:], x, y, colour, markersize=6)
            theme.label(ax, 0.04, top, words, colour, dx=0, transform="axes fraction")
        theme.theory(ax, same, same, linewidth=0.8, linestyle="--", zorder=1)
        ax.set(title=title, ylim=(0.3, 1.1), xscale="log", xlim=(low / 1.4, 1.6))
        ax.set(xlabel="training loss")
        theme.ticks(ax, x=[0.01, 0.1, 1])
    axes[0].set(ylabel="test loss")
    theme.label(axes[0], 0.42, 0.42, "no gap", "theory", dx=-4, ha="right", weight="normal")
    return figure
