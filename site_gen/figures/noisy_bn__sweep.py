"""Shift and steps to the target against the size of the noise."""

import numpy as np
import pandas as pd

from experiments.results import only, rows, value
from experiments.studies.noisy_bn import PLAIN, SHIFT, STEPS_TO

TITLE = "Noise multiplies the shift, and most of the lead over the network without batch norm stays"
TAGS = ("internal covariate shift", "noise", "training speed")
CLAIMS = (
    "fast-because-steady",
    "noise-raises-shift",
    "moderate-shift-helps",
    "shift-slows-training",
)

TITLES = {
    "travelled": "shift of a layer’s inputs in a step",
    "steps_to": "steps to the target accuracy",
}


def data(results):
    """Shift and steps of every run, with batch norm and noise of each size, and without both.

    A run that does not arrive counts all its steps.
    """
    read = {"travelled": SHIFT, "steps_to": STEPS_TO, "arrived": value("steps_to").map(np.isfinite)}
    networks = [PLAIN, *({"norm": "batch norm", "size": size} for size in results["size"].values)]
    found = (rows(**{name: of.at(**at)(results) for name, of in read.items()}) for at in networks)
    return pd.concat(found, ignore_index=True)


def alt(data):
    middle = data.groupby(["norm", "size"])[list(TITLES)].median()
    plain, bare = middle.loc["none", 0.0], middle.loc["batch norm", 0.0]
    most = middle.loc["batch norm", data["size"].max()]
    return f"""Two panels against the size of the noise. The shift of a layer’s inputs rises from
    {bare["travelled"]:.3f} to {most["travelled"]:.2f} with batch norm; without batch norm and noise
    it is {plain["travelled"]:.3f}. The steps to the target go from {bare["steps_to"]:.0f} to
    {most["steps_to"]:.0f}; without batch norm {plain["steps_to"]:.0f}. Medians."""


def caption(data):
    missing = (~only(data, norm="none")["arrived"]).sum()
    late = f"{missing} of the runs without batch norm do not arrive, and count all their steps"
    return f"""Every dot is one of {data["run"].nunique()} runs, lines join medians; all start from
    the same weights and see the same batches. Left: how far the inputs of a layer move from one
    step to the next on the same images. Right: training steps to the target accuracy;
    {late if missing else "all runs arrive"}. The horizontal line is the median without batch norm
    and without noise."""


def draw(data, theme):
    figure, axes = theme.figure(cols=2, height=3.8)
    plain, normed = only(data, norm="none"), only(data, norm="batch norm")
    middle = normed.groupby("size", as_index=False)[list(TITLES)].median()
    sizes, above = normed["size"].unique(), {"dx": 0, "ha": "right"}
    for ax, (column, title) in zip(axes, TITLES.items(), strict=True):
        theme.points(ax, normed, "size", column, "batch norm", alpha=0.45)
        theme.curve(ax, middle, "size", column, "batch norm")
        level = plain[column].median()
        ax.axhline(level, color=theme.colour("none"))
        theme.label(ax, sizes[-1], level, "without batch norm, no noise", "none", dy=10, **above)
        ax.set(yscale="log", xlabel="size of the noise behind batch norm", title=title)
        theme.ticks(ax, x=sizes)
    top = normed["steps_to"].max()
    theme.label(axes[1], sizes[-1], top, "with batch norm", "batch norm", dy=12, **above)
    axes[0].set_ylim(0.5 * data["travelled"].min(), 2 * data["travelled"].max())
    axes[1].set_ylim(0.6 * data["steps_to"].min(), 2 * data["steps_to"].max())
    return figure
