"""Error of a half-precision layer, folded and not, by its running variance."""

import numpy as np

from experiments.results import rows

TITLE = "Large running variances, not small ones, cost a folded half-precision layer its digits"
TAGS = ("deployment", "folding", "precision", "float16")
CLAIMS = ("small-running-variances-break-folding",)
ID = "deployment-scale"


def data(results):
    """Every run and scale: running variance, the errors of both forms, and one from underflow."""
    names = ("scale_unfolded_error", "scale_folded_error", "scale_theory")
    found = rows(*(results[name] for name in names))
    return found.assign(running_variance=np.square(found["scale"]))


def alt(data):
    means = data.groupby("scale").mean()
    folded, unfolded = means["scale_folded_error"], means["scale_unfolded_error"]
    return f"""The errors of both forms lie near each other, {folded.iloc[0]:.1g} folded and
    {unfolded.iloc[0]:.1g} not at the smallest running variance, until at the largest the folded one
    is {folded.iloc[-1] / unfolded.iloc[-1]:.1f} times the other."""


def caption(data):
    low, high = data["scale"].min(), data["scale"].max()
    return f"""Root mean square error in float16 against exact arithmetic on the same stored
    numbers; {data["run"].nunique()} random layers with inputs of standard deviation {low:g} to
    {high:g}. Line: the error if all folded weights are subnormal numbers, $2^{{-24}}$ apart."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.4)
    x, shown = "running_variance", data.groupby("running_variance", as_index=False).mean()
    line = shown[shown[x] >= 1]
    theme.theory(ax, line[x], line["scale_theory"], zorder=1.9)
    for column, colour in (("scale_unfolded_error", "batch norm"), ("scale_folded_error", "none")):
        theme.points(ax, data, x, column, colour, fmt=".", alpha=0.3)
        theme.curve(ax, shown, x, column, colour, fmt="o-", linewidth=1)
    last, where, high = shown.iloc[-1], line.iloc[1], shown["scale_unfolded_error"].max()
    above = {"dx": 0, "dy": 12, "ha": "right"}
    theme.label(ax, last[x], last["scale_folded_error"], "folded", "none", **above)
    theme.label(ax, 1, high, "with batch norm", "batch norm", dx=0, dy=14, ha="center")
    style = {"dx": -8, "dy": 5, "ha": "right", "weight": "normal"}
    theme.label(ax, where[x], where["scale_theory"], "underflow of weights", "theory", **style)
    ax.set(xscale="log", xlabel="running variance")
    ax.set(yscale="log", ylabel="error of the output", ylim=(1e-6, 1e-2))
    return figure
