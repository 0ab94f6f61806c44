"""How much of a gradient passes through the batch mean and variance."""

import numpy as np

from experiments.results import rows
from site_gen.theme.numbers import percent

TITLE = "A gradient that ignores the batch statistics is wrong by √(2/m) of its length"
TAGS = ("transform", "gradients", "batch size")
CLAIMS = ("statistics-are-constants",)
ID = "anatomy-statistics"


def data(results):
    """A row for every run and batch size: the wrong part of the gradient over its length."""
    share, theory = results["statistics_share"], results["statistics_share_theory"]
    return rows(wrong_share=np.sqrt(share), theory=np.sqrt(theory))


def alt(data):
    mean = data.groupby("batch")["wrong_share"].mean()
    return f"""On logarithmic axes a straight line falls from {mean.iloc[0]:.2f} at a batch of
    {mean.index[0]} to {mean.iloc[-1]:.3f} at {mean.index[-1]}; the measured points lie on it."""


def caption(data):
    means = data.groupby("batch")[["wrong_share", "theory"]].mean()
    worst = np.abs(means["wrong_share"] / means["theory"] - 1).max()
    return f"""Length of what the batch mean and variance take away from a random gradient, relative
    to the gradient without them. Points: {data["run"].nunique()} runs for each batch size; line:
    $\\sqrt{{2/m}}$, at most {percent(worst, 1)} from the measured means. Of the $m$ directions in
    which one unit's batch can move, two are always projected out."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.3)
    line = data.groupby("batch")["theory"].first()
    theme.theory(ax, line.index, line)
    theme.points(ax, data, "batch", "wrong_share", "gradient", alpha=0.5)
    at = line.index[len(line) // 2]
    theme.label(ax, at, line[at], "√(2/m)", "theory", dx=9, dy=9, weight="normal")
    ax.set(xscale="log", xlabel="batch size m")
    ax.set(yscale="log", ylabel="share through mean and variance")
    theme.ticks(ax, x=line.index, y=(0.1, 0.2, 0.5, 1))
    return figure
