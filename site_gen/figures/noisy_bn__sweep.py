"""Shift and steps to the target against the size of the noise."""

import numpy as np
import pandas as pd

from experiments.results import rows, value
from experiments.studies.noisy_bn import shift, steps_to

TITLE = "Noise multiplies the shift, and most of the lead over the network without batch norm stays"
TAGS = ("internal covariate shift", "noise", "training speed")
CLAIMS = (
    "fast-because-steady",
    "noise-raises-shift",
    "moderate-shift-helps",
    "shift-slows-training",
)

KINDS = {
    "travelled": "shift of a layer’s inputs in a step",
    "steps_to": "steps to the target accuracy",
}


def data(results):
    """Shift and steps of every run; one that does not arrive counts all its steps.

    With batch norm and noise of each size, and without both.
    """
    tried = results["accuracy"].sel(norm="batch norm").dropna("size", how="all")["size"].values
    found = []
    for norm, size in (("none", 0.0), *(("batch norm", size) for size in tried)):
        arrived = np.isfinite(value("steps_to", norm=norm, size=size)(results)).rename("arrived")
        shifted, steps = shift(size, norm)(results), steps_to(size, norm)(results)
        found.append(rows(shifted.rename("travelled"), steps.rename("steps_to"), arrived))
    return pd.concat(found, ignore_index=True)


def alt(data):
    middle = data.groupby(["norm", "size"])[list(KINDS)].median()
    plain, bare = middle.loc[("none", 0.0)], middle.loc[("batch norm", 0.0)]
    most = middle.loc[("batch norm", data["size"].max())]
    return (
        "Two panels against the size of the noise. The shift of a layer’s inputs rises from "
        f"{bare['travelled']:.3f} to {most['travelled']:.2f} with batch norm; without batch norm "
        f"and noise it is {plain['travelled']:.3f}. The steps to the target go from "
        f"{bare['steps_to']:.0f} to {most['steps_to']:.0f}; without batch norm "
        f"{plain['steps_to']:.0f}. Medians."
    )


def caption(data):
    missing = int((~data.loc[data["norm"] == "none", "arrived"]).sum())
    late = (
        f"{missing} of the runs without batch norm do not arrive, and count all their steps"
        if missing
        else "all runs arrive"
    )
    return (
        f"Every dot is one of {data['run'].nunique()} runs, lines join medians; all start from the "
        "same weights and see the same batches. Left: how far the inputs of a layer move from one "
        "step to the next on the same images. Right: training steps to the target accuracy; "
        f"{late}. The horizontal line is the median without batch norm and without noise."
    )


def draw(data, theme):
    figure, axes = theme.figure(cols=2, height=3.8)
    plain, normed = (data[data["norm"] == norm] for norm in ("none", "batch norm"))
    last, above = data["size"].max(), {"dx": 0, "ha": "right"}
    for ax, (column, title) in zip(axes, KINDS.items(), strict=True):
        theme.points(ax, normed, "size", column, "batch norm", alpha=0.45)
        theme.curve(
            ax,
            normed.groupby("size", as_index=False)[column].median(),
            "size",
            column,
            "batch norm",
        )
        middle = plain[column].median()
        ax.axhline(middle, color=theme.colour("none"))
        theme.label(ax, last, middle, "without batch norm, no noise", "none", dy=10, **above)
        ax.set(yscale="log", xlabel="size of the noise behind batch norm", title=title)
        theme.ticks(ax, x=sorted(data["size"].unique()))
    theme.label(
        axes[1], last, normed["steps_to"].max(), "with batch norm", "batch norm", dy=12, **above
    )
    axes[0].set_ylim(0.5 * data["travelled"].min(), 2 * data["travelled"].max())
    axes[1].set_ylim(0.6 * data["steps_to"].min(), 2 * data["steps_to"].max())
    return figure
