"""How much a layer's inputs differ from batch to batch, and how far they travel in training."""

from itertools import product

import numpy as np
import pandas as pd

from experiments.results import only, summary
from experiments.studies.batch_similarity import KINDS, LABELS, read

TITLE = "Batches can be alike and the shift over training large all the same"
TAGS = ("batches", "internal covariate shift")
CLAIMS = ("alike-batches-no-shift", "alike-batches-less-shift")

PANELS = {"between": "from batch to batch", "travelled": "over training"}


def data(results):
    """Spread of batch means before training, and path over training, by kind and network."""
    before, steps, found = results.sel(when="before", drop=True), int(results["step"][-1]), []
    for kind, norm, what in product(KINDS, LABELS, PANELS):
        one = summary(read(what, kind, norm)(before), name="mean")
        found.append(one.assign(what=what, steps=steps))
    return pd.concat(found, ignore_index=True)


def alt(data):
    between, way = (only(data, what=what).set_index(["norm", "kind"])["mean"] for what in PANELS)
    bare = "; ".join(f"{k}: {between['none', k]:.2g} and {way['none', k]:.0f}" for k in KINDS)
    return f"""Without batch norm, spread of batch means and way over training in standard
    deviations: {bare}. With batch norm the way is {way["batch norm", "one batch"]:.1f} for one
    batch and {way["batch norm", "random"]:.1f} for random batches."""


def caption(data):
    return f"""Inputs of the last hidden layer, in front of the normalization if there is one. Left:
    how far the means of batches lie apart while the network stands still, before training. Right:
    how far the distribution on fixed images travels over {data["steps"].max()} steps at rate
    ${data["rate"].max():g}$, from reading to reading. Both in standard deviations of the
    distribution itself; means of {data["runs"].max()} runs with 95 % intervals, most of them hidden
    by the dots."""


def draw(data, theme):
    figure, axes = theme.figure(cols=2, height=3.4, sharey=True)
    beside = {"none": {"dx": 0, "dy": 11, "ha": "center"}, "batch norm": {"dx": 8, "dy": 0}}
    for ax, (what, title) in zip(axes, PANELS.items(), strict=True):
        for norm, offset in (("none", 0.12), ("batch norm", -0.12)):
            rows = only(data, what=what, norm=norm).iloc[::-1]
            y, colour = np.arange(len(rows)) + offset, theme.colour(norm)
            ax.hlines(y, rows["low"], rows["high"], color=colour, linewidth=1.2)
            ax.plot(rows["mean"], y, "o", color=colour, markersize=6)
            if what == "travelled":
                theme.label(ax, rows["mean"].iloc[-1], y[-1], LABELS[norm], norm, **beside[norm])
        ax.set(title=title, xlabel="standard deviations")
    axes[0].set_yticks(range(len(KINDS)), KINDS[::-1])
    axes[0].set(xlim=(-0.03, None), ylim=(-0.5, len(KINDS) - 0.4))
    axes[1].set(xscale="log", xlim=(0.7 * only(data, what="travelled")["low"].min(), None))
    return figure
