"""Inputs against what comes back, for three batch sizes."""

import numpy as np

from experiments.results import only, rows

TITLE = "What comes back after normalizing and undoing depends on the batch"
TAGS = ("gamma and beta", "batch size")
CLAIMS = ("large-values-are-destroyed",)


def data(results):
    """A row for every batch size and sample: the input and what comes back."""
    output, given = results["pair_output"].rename(pair_batch="batch"), results["pair_input"]
    return rows(output=output, input=given)[["batch", "sample", "input", "output"]]


def alt(data):
    error = (data["output"] - data["input"]).pow(2).groupby(data["batch"]).mean()
    first, middle, last = error.index
    levels = only(data, batch=first)["output"].round(6).nunique()
    return f"""Three scatter plots of outputs against inputs. In batches of {first} all points lie
    at {levels} heights; in batches of {middle} they form a cloud around the diagonal; in batches of
    {last} they lie close to it, with a squared error of {error.iloc[-1]:.3f}."""


def caption(data):
    errors = (data["output"] - data["input"]).pow(2).groupby(data["batch"]).mean()
    texts = ", ".join(f"{error:.2f} ($m = {m}$)" for m, error in errors.items())
    return f"""The same {data["sample"].nunique()} Gaussian numbers, cut into batches of three
    sizes, normalized and undone with $\\gamma = \\sigma$, $\\beta = \\mu$. On the diagonal nothing
    would be lost. Squared error of these points, over the variance: {texts}. One draw: an
    illustration."""


def draw(data, theme):
    figure, panels = theme.panels(data, "batch", height=3.1, sharex=True, sharey=True)
    reach = 0.3 + np.abs(data[["input", "output"]].to_numpy()).max()
    for ax, m, points in panels:
        theme.theory(ax, [-reach, reach], [-reach, reach], zorder=1.9)
        theme.points(ax, points, "input", "output", "batch norm", alpha=0.5)
        ax.set(title=f"m = {m}", xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        ax.set(xticks=range(-3, 4), yticks=range(-3, 4))
    panels[1][0].set_xlabel("input, standard deviations from the mean")
    panels[0][0].set_ylabel("normalized and undone")
    return figure
