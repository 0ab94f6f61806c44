"""Analytic derivatives of batch norm against central differences of every step size."""

import numpy as np

from experiments.results import only, rows

TITLE = "The derived gradient equals the numerical one, as far as numbers go"
TAGS = ("transform", "gradients", "check")
CLAIMS = ("bias-is-redundant", "neutral-start")
ID = "anatomy-differences"

NAMES = {"input": "input x", "weight": "weights in front"}
NAMES |= {"gamma": "γ", "beta": "β", "bias": "bias in front"}


def data(results):
    """A row for every parameter and step: median, smallest and largest error over runs."""
    error = results["difference_error"].sel(parameter=list(NAMES)).rename(difference_step="step")
    low, high = error.min("run"), error.max("run")
    table = rows(error=error.median("run"), error_min=low, error_max=high)
    return table.assign(runs=results.sizes["run"])


def alt(data):
    best = data.groupby("parameter")["error"].min()
    bias, best = best["bias"], best.drop("bias")
    return f"""Five curves of the error against the step. Four fall as the square of the step, reach
    at best {best.min():.0e} to {best.max():.0e} and rise again as round-off takes over; the bias,
    whose gradient is zero, only has round-off, {bias:.0e} at best."""


def caption(data):
    return f"""Difference between the analytic and the central-difference derivative along a random
    direction, relative to the length of the gradient: medians of {data["runs"].iloc[0]} random
    networks. Dashed: the slope of a truncation error, $h^2$, and of round-off, $10^{{-16}}/h$. The
    bias in front of the normalization has no truncation error, since it does not change the loss at
    all; its error is relative to the gradient above."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.9)
    steps = data["step"].unique()
    coarse, fine = steps[steps > 1e-6], steps[steps < 1e-4][::-1]
    middle = coarse[len(coarse) // 2]
    theme.theory(ax, coarse, coarse**2, linestyle="--")
    theme.label(ax, middle, middle**2, "h²", "theory", ha="right", dx=-5, dy=5, weight="normal")
    theme.theory(ax, fine, 1e-16 / fine, "10⁻¹⁶/h", dx=4, dy=9, linestyle="--")
    colours = dict(zip(NAMES, [*theme.sequence(4), theme.colour("none")], strict=True))
    for name, colour in colours.items():
        theme.curve(ax, only(data, parameter=name), "step", "error", colour, fmt="o-", linewidth=1)
    ends = only(data, step=steps[-1]).sort_values("error", ascending=False)
    height, lift = np.inf, 8  # the first label stands above its point, to leave room for the others
    for name, error in zip(ends["parameter"], ends["error"], strict=True):
        height, lift = min(lift * error, height / 14), 1  # labels lie at least one line apart
        theme.label(ax, steps[-1], height, NAMES[name], colours[name], dx=7)
    ax.set(xscale="log", yscale="log", xlim=(0.7e-10, 1.6e-1), ylim=(3e-18, 1e-1))
    ax.set(xlabel="step h of the central difference", ylabel="relative error")
    return figure
