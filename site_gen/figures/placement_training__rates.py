"""Final training loss against the learning rate, batch norm before or after the nonlinearity,
with and without γ and β."""

import numpy as np

from experiments.results import rows
from experiments.studies.placement_training import NAMES

TITLE = "With γ and β, before wins by a little at its best rate, after at small rates"
TAGS = ("placement", "training", "learning rates")
CLAIMS = ("batch-norm-belongs-before", "gamma-and-beta-help-training")
ID = "placement-training"

COLOURS = {"none": "none", "before": "batch norm", "after": "input"}


def data(results):
    """A row for every activation, order, treatment of γ and β, and rate: quartiles over runs."""
    loss = results["loss"].transpose("activation", "order", "affine", "rate", "run")
    quartiles = loss.quantile((0.5, 0.25, 0.75), "run", method="nearest", skipna=False)
    middle, low, high = quartiles.drop_vars("quantile")
    found = rows(loss=middle, low=low, high=high).assign(runs=results.sizes["run"])
    return found[found["loss"].notna()].reset_index(drop=True)


def alt(data):
    usual = data[(data["affine"] == "with") | (data["order"] == "none")]
    best = usual.groupby(["activation", "order"])["loss"].min()
    said = [
        f"{name}: lowest loss {best[key, 'before']:.2f} before, {best[key, 'after']:.2f} after, "
        f"{best[key, 'none']:.2f} without batch norm"
        for key, name in NAMES.items()
    ]
    return "Final loss against the learning rate. " + "; ".join(said) + "."


def caption(data):
    return f"""Training loss at the end, networks with two hidden layers on MNIST-5k shrunk to $7
    \\times 7$ pixels: median and quartiles of {data["runs"].iloc[0]} paired runs. Solid: with
    $\\gamma$ and $\\beta$; dashed: without. Runs that diverge leave the panel."""


def draw(data, theme):
    figure, panels = theme.panels(data, "activation", height=3.7, sharey=True)
    for ax, activation, of_activation in panels:
        for (order, affine), lines in of_activation.groupby(["order", "affine"]):
            finite, solid = lines[np.isfinite(lines["high"])], affine == "with" or order == "none"
            style = {"fmt": "o-", "linewidth": 1.6} if solid else {"fmt": "o--", "linewidth": 1.2}
            theme.curve(ax, finite, "rate", "loss", COLOURS[order], markersize=4, **style)
        ax.set(xscale="log", xlabel="learning rate", title=NAMES[activation])
        ax.set(yscale="log", ylim=(0.3, 2.6))
        theme.ticks(ax, x=data["rate"].unique(), y=(0.3, 0.5, 1, 2))
    first, *_ = panels[0]
    first.set_ylabel("final loss (nats)")
    for k, (order, colour) in enumerate(COLOURS.items()):
        name, y = "no batch norm" if order == "none" else order, 0.93 - 0.08 * k
        theme.label(first, 0.32, y, name, colour, transform="axes fraction", dx=0)
    return figure
