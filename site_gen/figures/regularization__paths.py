"""Test loss against training loss, through training, for every condition."""

import numpy as np

from experiments.results import rows

TITLE = "Batch norm regularizes if its statistics come from few images"
TAGS = ("regularization", "batch size", "dropout")
CLAIMS = (
    "batch-norm-regularizes-like-dropout",
    "less-images-regularize-more",
    "statistics-noise-is-more-than-slow-learning",
)

# Title → conditions and their words.
PANELS = {
    "Without dropout": {
        "none": "no normalization",
        "layer norm": "layer norm",
        "batch norm": "batch norm",
    },
    "Batch norm: statistics of": {
        "batch norm, statistics of 4": "4 images",
        "batch norm, statistics of 8": "8 images",
        "batch norm": "40 images",
    },
    "With dropout of a fifth": {
        "none, dropout 0.2": "no normalization",
        "batch norm, dropout 0.2": "batch norm",
        "batch norm, dropout 0.5": "batch norm, a half",
    },
}


def data(results):
    """Losses on both sets, means over runs, for every condition and reading during training."""
    loss = results["loss"].mean("run").isel(epoch=slice(1, None))
    names = {"training": "training_loss", "test": "test_loss"}
    found = rows(*(loss.sel(set=one, drop=True).rename(name) for one, name in names.items()))
    return found.assign(runs=results.sizes["run"])


def alt(data):
    ends = data.groupby("condition").last()
    few, whole = ends.loc["batch norm, statistics of 8"], ends.loc["batch norm"]
    return (
        "Test loss against training loss through training. With batch norm it ends at a test loss "
        f"of {whole['test_loss']:.2f} and a training loss of {whole['training_loss']:.3f}; with "
        f"statistics of 8 images at {few['test_loss']:.2f} and {few['training_loss']:.3f}."
    )


def caption(data):
    every = data["epoch"].diff().mode().iloc[0]
    return (
        f"Each line is a training, from right to left, with a point every {every:.0f} epochs: mean "
        "cross-entropy in nats on the training and the test images in evaluation mode, means of "
        f"{data['runs'].max()} paired runs. The lower a line at the same training loss, the "
        "smaller the gap. Middle: gradients of the same batches of 40, of which 40, 8 or 4 share "
        "their statistics. Right: in grey, dropout of a half."
    )


def draw(data, theme):
    figure, axes = theme.figure(cols=3, height=3.6, sharey=True)
    colours = (
        ["none", "layer norm", "batch norm"],
        theme.sequence(3),
        ["none", "batch norm", theme.muted],
    )
    low, high = data["training_loss"].min(), data["training_loss"].max()
    same = np.geomspace(low, high, 50)
    for ax, (title, panel), shades in zip(axes, PANELS.items(), colours, strict=True):
        for line, ((name, words), colour) in enumerate(zip(panel.items(), shades, strict=True)):
            found, style = data[data["condition"] == name], {"fmt": "o-", "linewidth": 1.2}
            theme.curve(ax, found, "training_loss", "test_loss", colour, markersize=2.5, **style)
            theme.points(ax, found[-1:], "training_loss", "test_loss", colour, markersize=6)
            place = {"dx": 0, "transform": "axes fraction"}
            theme.label(ax, 0.04, 0.96 - 0.075 * line, words, colour, **place)
        theme.theory(ax, same, same, linewidth=0.8, linestyle="--", zorder=1)
        ax.set(title=title, ylim=(0.3, 1.1))
        ax.set(xscale="log", xlim=(low / 1.4, 1.6), xlabel="training loss")
        theme.ticks(ax, x=[0.01, 0.1, 1])
    axes[0].set(ylabel="test loss")
    theme.label(axes[0], 0.42, 0.42, "no gap", "theory", dx=-4, ha="right", weight="normal")
    return figure
