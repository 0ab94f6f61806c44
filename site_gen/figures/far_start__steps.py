"""Steps to a given loss against the values from which γ and β start."""

import numpy as np

from experiments.results import only, rows
from experiments.studies.far_start import LEARNED

TITLE = (
    "A γ ten times too small or too large is soon made up for; a γ of thirty or a large β is not"
)
TAGS = ("gamma and beta", "training speed")
CLAIMS = ("far-start-takes-long", "ideal-start-saves-steps")
MISSING = {"steps": "a run that never reaches the target has no number of steps"}


def data(results):
    """Steps of every run to the target, by start; none for a run that does not get there."""
    steps, last = results["steps_to"].where(np.isfinite), int(results["step"][-1])
    found = rows(steps=steps, gamma=results["start_gamma"], beta=results["start_beta"])
    found = found.sort_values(["gamma", "beta", "start", "run"], ignore_index=True)
    return found.assign(last_step=last)


def alt(data):
    steps, said = data.assign(steps=data["steps"].fillna(np.inf)), []
    for (_, _, start), of in steps.groupby(["gamma", "beta", "start"])["steps"]:
        reached = f"{of.median():.0f}" if np.isfinite(of.median()) else "never"
        said.append(f"{reached} from {'learned values' if start == LEARNED else f'({start})'}")
    return f"Median training steps to the target loss by the start of γ and β: {', '.join(said)}."


def caption(data):
    return f"""Steps until the loss on a sample of the training images is under the target, by the
    start of every γ with $\\beta = 0$ (left) and of every β with $\\gamma = 1$ (right). Each dot is
    one of {data["run"].nunique()} runs with the same weights and batches from every start; the line
    joins medians. Runs in the strip do not get there within {data["last_step"].iloc[0]} steps.
    “Learned”: from the γ and β, unit by unit, with which the run from $(1, 0)$ ended."""


def draw(data, theme):
    figure, axes = theme.figure(cols=2, height=3.8, sharey=True, width_ratios=(3, 2))
    last, least = data["last_step"].iloc[0], 0.6 * data["steps"].min()
    shown = data.assign(steps=data["steps"].fillna(1.6 * last))
    learned, given = (some for _, some in shown.groupby(shown["start"] != LEARNED))
    panels = {"gamma": only(given, beta=0), "beta": only(given, gamma=1)}
    for ax, (parameter, some) in zip(axes, panels.items(), strict=True):
        ax.axhspan(1.25 * last, 2.1 * last, color=theme.grid, linewidth=0, zorder=0)
        theme.points(ax, some, parameter, "steps", "batch norm", markersize=4, alpha=0.35)
        middle = some.groupby(parameter)["steps"].median().reset_index()
        theme.curve(ax, middle, parameter, "steps", "batch norm", linewidth=1.5)
    (left, right), middle = axes, learned["steps"].median()
    theme.points(left, learned, "gamma", "steps", "positive", markersize=4, alpha=0.5)
    theme.label(left, 1.0, middle, "learned γ and β", "positive", dx=-8, ha="right")
    strip = data["beta"].min(), 1.6 * last
    theme.label(right, *strip, "not reached", theme.muted, dx=0, weight="normal")
    left.set(xscale="log", xlabel="γ at the start")
    left.set(yscale="log", ylabel="steps to the target loss", ylim=(least, 2.1 * last))
    marks = [mark for mark in (10, 20, 50, 100, 200, 500, 1000, 10_000) if least < mark < last]
    theme.ticks(left, x=sorted(panels["gamma"]["gamma"].unique()), y=marks)
    right.set(xlabel="β at the start")
    return figure
