"""How fast the running means of a frozen network go over to new data."""

import numpy as np

from experiments.results import only, rows

TITLE = (
    "Each step leaves a share 1 − α of the running means’ way to new data, though the weights are "
    "frozen"
)
TAGS = ("freezing", "running statistics", "fine-tuning")
CLAIMS = ("statistics-drift-closed-form",)


def data(results):
    """Share of the path to inverted digits' means that is left, by run, way and step."""
    found = results.sel(shift="inverted", drop=True)
    return rows(found["left"], found["left_theory"].rename("theory"))


def alt(data):
    left = data.groupby(["way", "step"])["left"].mean()
    return f"""With batch statistics the share that is left falls along the curve, to
    {left["batch, frozen", 10]:.2f} after 10 steps and {left["batch, frozen", 30]:.2f} after 30;
    with the running statistics in use it stays at {left["running, frozen", 100]:.0f}."""


def caption(data):
    return f"""Distance of the first batch norm's running means from the means over the new data,
    along the way from the old ones, as a share. Points: {data["run"].nunique()} networks with γ and
    β frozen; line: $(1-\\alpha)^t$."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.4)
    shown, last = data[data["step"] > 0], data["step"].max()
    grid = np.geomspace(1, last, 200)
    theme.theory(ax, grid, only(data, step=1)["theory"].iloc[0] ** grid, zorder=1.9)
    for way, colour in (("batch, frozen", "input"), ("running, frozen", "neutral")):
        theme.points(ax, only(shown, way=way), "step", "left", colour, alpha=0.5)
    theme.label(ax, 1, 0.5, "batch statistics in training", "input", dx=0)
    words = "running statistics in training"
    theme.label(ax, last, 1, words, "neutral", dx=0, dy=-12, ha="right")
    ax.set(xscale="log", xlabel="steps t", ylabel="share of the way left", ylim=(-0.05, 1.08))
    return figure
