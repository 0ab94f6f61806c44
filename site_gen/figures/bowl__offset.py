"""Condition number of the squared error over a scale and an offset, with or without batch norm."""

import numpy as np

from experiments.results import rows
from experiments.theory.optimization import affine_condition

TITLE = "Normalization makes the bowl of a linear unit round"
TAGS = ("γ and β", "optimization", "transform")
CLAIMS = ("linear-bowl-is-round", "offset-makes-a-valley")


def data(results):
    """A row for every offset of the input: median condition numbers, and closed form."""
    condition = results["offset_condition"].median("run")
    plain, bn = (condition.sel(model=m, drop=True) for m in ("none", "batch norm"))
    theory = results["offset_condition_theory"]
    table = rows(condition_plain=plain, condition_batch_norm=bn, theory=theory)
    return table.assign(runs=results.sizes["run"])


def alt(data):
    last = data.iloc[-1]
    return f"""Condition number against the mean of the input in standard deviations: without
    normalization it rises from {data["condition_plain"].iloc[0]:.0f} to
    {last["condition_plain"]:,.0f} at {last["offset"]:g}; with batch norm it stays at
    {last["condition_batch_norm"]:.0f}."""


def caption(data):
    off = (data["condition_plain"] / data["theory"] - 1).abs().max()
    return f"""Squared error of $\\gamma x + \\beta$ over $\\gamma$ and $\\beta$, for inputs of
    standard deviation 1: ratio of the Hessian’s eigenvalues. Points: from gradients of the layers,
    {data["runs"].iloc[0]} batches; lines: closed forms, at most a relative {off:.0e} away."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.2)
    means, at = np.linspace(0, data["offset"].max(), 300), data.iloc[-2]
    theme.theory(ax, means, affine_condition(means, 1.0))
    theme.level(ax, y=1, color=theme.colour("theory"), zorder=2)
    for column, name, colour, dx, dy in (
        ("condition_plain", "without normalization", "none", 10, -8),
        ("condition_batch_norm", "batch norm", "batch norm", 0, 14),
    ):
        theme.points(ax, data, "offset", column, colour, clip_on=False, zorder=3)
        theme.label(ax, at["offset"], at[column], name, colour, dx=dx, dy=dy)
    ax.set(yscale="log", ylim=(0.7, 2e4), ylabel="condition number")
    ax.set_xlabel("mean of the input, in standard deviations")
    theme.ticks(ax, y=(1, 10, 100, 1000, 10000), form="{:,g}")
    return figure
