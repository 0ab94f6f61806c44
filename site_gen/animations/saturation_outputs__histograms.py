"""What ten layers of sigmoids put out as the network trains, without batch norm and with it."""

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection

from experiments.results import rows
from site_gen.theme import Animation

TITLE = "Without batch norm ten layers of sigmoids do not learn, saturated or not; with it they do"
TAGS = ("saturation", "training", "distributions")
ID = "saturation-histograms"

PANELS = {
    ("none", "usual"): "without, usual weights",
    ("none", "large"): "without, large weights",
    ("batch norm", "large"): "batch norm, large weights",
}
HOLD = 34  # frames on which the end stands still
HEIGHT = 0.9  # of a histogram's tallest bin that is not cut off, in layers
TALLEST = 0.2  # share of the outputs that is in that bin


def data(results):
    """A row for every panel, step, layer and bin: the share of the layer's outputs in the bin."""
    histogram = results["histogram"].transpose("norm", "size", "step", "layer", "bin")
    panels = [histogram.sel(norm=[norm], size=[size]) for norm, size in PANELS]
    return pd.concat([rows(one.rename("share")) for one in panels], ignore_index=True)


def _middle(data, norm, size):
    """The share of the last layer's outputs between a quarter and three quarters at the end."""
    last = data[(data["layer"] == data["layer"].max()) & (data["step"] == data["step"].max())]
    of = last[(last["norm"] == norm) & (last["size"] == size)]
    return float(of.loc[of["bin"].between(0.25, 0.75), "share"].sum())


def alt(data):
    said = [f"{name}, {_middle(data, norm, size):.0%}" for (norm, size), name in PANELS.items()]
    return f"""Animation: histograms of the outputs of {data["layer"].max()} layers of sigmoids over
    {data["step"].max()} training steps. In the last layer at the end, so much of the outputs lie
    between a quarter and three quarters: {"; ".join(said)}."""


def caption(data):
    return f"""Outputs of every hidden layer on the same test images, in {data["bin"].nunique()}
    bins from 0 to 1, as the network trains. A histogram's height is cut where the next one begins.
    Left, none of the units is saturated; middle, many are; right, the same large weights as in the
    middle, with batch norm."""


def animate(data, theme):
    figure, axes = theme.figure(cols=len(PANELS), height=4.2, sharey=True)
    steps, layers, bins = (data[name].unique() for name in ("step", "layer", "bin"))
    histograms = []
    for ax, ((norm, size), name) in zip(axes, PANELS.items(), strict=True):
        of = data[(data["norm"] == norm) & (data["size"] == size)]
        table = of["share"].to_numpy().reshape(len(steps), len(layers), len(bins))
        histograms.append((_polygons(ax, theme, norm), table))
        ax.set(title=name, xlim=(0, 1), ylim=(layers[0] - 0.2, layers[-1] + 1.6), yticks=layers)
        ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
        ax.grid(False, axis="x")
    axes[0].set_ylabel("layer")
    axes[1].set_xlabel("output of the sigmoid")
    label = theme.label(axes[0], 0.04, 0.965, "", theme.ink, transform="axes fraction", dx=0)

    def update(i):
        now = min(i, len(steps) - 1)
        for polygons, table in histograms:
            polygons.set_verts(_bars(table[now], layers, bins))
        label.set_text(f"step {steps[now]}")

    artists, frames = [polygons for polygons, _ in histograms] + [label], len(steps) + HOLD
    return Animation(figure, artists, frames, update, fps=10, poster=len(steps) - 1)


def _polygons(ax, theme, norm):
    style = {"facecolor": theme.colour(norm), "edgecolor": theme.paper, "linewidth": 0.4}
    return ax.add_collection(PolyCollection([], **style))


def _bars(shares, layers, bins):
    """Corners of the bars: a histogram stands on its layer."""
    width, heights = bins[1] - bins[0], np.minimum(shares / TALLEST, 1) * HEIGHT
    return [
        [(x, layer), (x, layer + h), (x + width, layer + h), (x + width, layer)]
        for layer, row in zip(layers, heights, strict=True)
        for x, h in zip(bins - width / 2, row, strict=True)
        if h > 0
    ]
