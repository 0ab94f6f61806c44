"""How much a layer's inputs differ from batch to batch, and how far they travel in training."""

import numpy as np
import pandas as pd

from experiments.results import summary
from experiments.studies.batch_similarity import KINDS, LABELS, read

TITLE = "Batches can be alike and the shift over training large all the same"
TAGS = ("batches", "internal covariate shift")
CLAIMS = ("alike-batches-no-shift", "alike-batches-less-shift")

PANELS = {"between": "from batch to batch", "travelled": "over training"}


def data(results):
    """Spread of batch means before training, and path over training, by kind and network."""
    steps, found = int(results["step"][-1]), []
    for kind in KINDS:
        for norm in LABELS:
            for what in PANELS:
                one = read(what, kind, norm)
                one = one.at(when="before") if what == "between" else one
                found.append(summary(one(results), name="mean").assign(what=what, steps=steps))
    return pd.concat(found, ignore_index=True).drop(columns="when")


def alt(data):
    means = data.set_index(["what", "norm", "kind"])["mean"]
    said = "; ".join(
        f"{kind}: {means['between', 'none', kind]:.2g} and {means['travelled', 'none', kind]:.0f}"
        for kind in KINDS
    )
    return (
        "Without batch norm, spread of batch means and way over training in standard deviations: "
        f"{said}. With batch norm the way is {means['travelled', 'batch norm', 'one batch']:.1f} "
        f"for one batch and {means['travelled', 'batch norm', 'random']:.1f} for random batches."
    )


def caption(data):
    return (
        "Inputs of the last hidden layer, in front of the normalization if there is one. Left: how "
        "far the means of batches lie apart while the network stands still, before training. "
        f"Right: how far the distribution on fixed images travels over {data['steps'].max()} steps "
        f"at rate ${data['rate'].max():g}$, from reading to reading. Both in standard deviations "
        f"of the distribution itself; means of {data['runs'].max()} runs with 95 % intervals, most "
        "of them hidden by the dots."
    )


def draw(data, theme):
    figure, axes = theme.figure(cols=2, height=3.4, sharey=True)
    beside = {"none": {"dx": 0, "dy": 11, "ha": "center"}, "batch norm": {"dx": 8, "dy": 0}}
    for ax, (what, title) in zip(axes, PANELS.items(), strict=True):
        for norm, label in LABELS.items():
            rows = data[(data["what"] == what) & (data["norm"] == norm)].iloc[::-1]
            y, colour = (
                np.arange(len(rows)) + (0.12 if norm == "none" else -0.12),
                theme.colour(norm),
            )
            ax.hlines(y, rows["low"], rows["high"], color=colour, linewidth=1.2)
            ax.plot(rows["mean"], y, "o", color=colour, markersize=6)
            if what == "travelled":
                theme.label(ax, rows["mean"].iloc[-1], y[-1], label, norm, **beside[norm])
        ax.set(title=title, xlabel="standard deviations")
    axes[0].set_yticks(range(len(KINDS)), KINDS[::-1])
    axes[0].set(xlim=(-0.03, None), ylim=(-0.5, len(KINDS) - 0.4))
    axes[1].set(xscale="log", xlim=(0.7 * data.loc[data["what"] == "travelled", "low"].min(), None))
    return figure
