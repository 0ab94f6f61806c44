"""Error of the running means against the update rate, at several moments of training."""

import numpy as np

from experiments.results import only, summary
from experiments.studies.running_in_training import ERROR

TITLE = "The best update rate falls as training goes on"
TAGS = ("running statistics", "momentum", "training")
CLAIMS = ("smaller-rate-is-better",)
ID = "running-statistics-rate"


def data(results):
    """A row for every step and rate: geometric mean of the error over runs, with its interval."""
    return summary(ERROR(results), name="error", geometric=True)


def _best(data):
    """The best rate at every other step, the last included: curves apart enough to be labelled."""
    return data.loc[data.groupby("step")["error"].idxmin()][::-2][::-1]


def alt(data):
    best = _best(data)
    first, last = best.iloc[0], best.iloc[-1]
    return f"""Curves of the error against α, one for each of {len(best)} moments. Each has a lowest
    point, and it moves left: α = {first["rate"]:g} after {first["step"]:g} steps, {last["rate"]:g}
    after {last["step"]:g}."""


def caption(data):
    best = _best(data).iloc[-1]
    return f"""Error of the running means of both hidden layers against the training set's, in
    standard deviations of the unit, root mean square over units; rings mark the best rate. Too
    small a rate still remembers the start and older weights, too large a one knows only the last
    batches. After {best["step"]:g} steps the best is {best["rate"]:g}, with an error of
    {best["error"]:.3f}. Geometric means of {best["runs"]:g} runs with 95 % bands."""


def draw(data, theme):
    figure, ax = theme.figure()
    best, height, lift = _best(data), np.inf, 1.12
    for at, colour in zip(best.itertuples(), theme.sequence(len(best)), strict=True):
        here = only(data, step=at.step)
        theme.curve(ax, here, "rate", "error", colour, fmt="o-")
        ax.plot(at.rate, at.error, "o", markersize=10, mfc="none", mec=colour)
        # Labels lie at least a line apart; the first stands above its point, to leave room.
        height, lift = min(lift * here["error"].iloc[0], height / 1.33), 1
        text = f"{at.step} step" + ("s" if at.step > 1 else "")
        theme.label(ax, here["rate"].iloc[0], height, text, colour, ha="right", dx=-9)
    ends = data["rate"].min() / 3.8, data["rate"].max() * 1.2
    ax.set(xscale="log", xlim=ends, xlabel="update rate α")
    ax.set(yscale="log", ylabel="error of the running mean / std")
    ticks = [tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if data["low"].min() < tick]
    theme.ticks(ax, x=sorted(data["rate"].unique()), y=ticks)
    return figure
