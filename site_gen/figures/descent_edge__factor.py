"""By what a step of plain gradient descent multiplies the distance, near the edge of stability."""

import numpy as np

from experiments.results import rows
from experiments.theory.optimization import descent_factor

TITLE = "Without batch norm there is an edge, at two over the largest eigenvalue"
TAGS = ("learning rates", "optimization")
CLAIMS = ("descent-has-an-edge", "descent-factor")
ID = "bngd-edge"


def data(results):
    """A row for every condition number and rate: the factor, median and range, and its theory."""
    factor, theory = results["factor"], results["factor_theory"]
    middle, low, high = factor.median("run"), factor.min("run"), factor.max("run")
    found = rows(factor=middle, factor_min=low, factor_max=high, theory=theory)
    return found.rename(columns={"share": "share_of_edge"}).assign(runs=results.sizes["run"])


def alt(data):
    return f"""Factor of a step on the distance from the solution against the rate: it falls at
    first, reaches 1 at the edge for all {data["condition"].nunique()} condition numbers, and is
    {data["factor"].max():.2f} at {data["share_of_edge"].max():g} times the edge."""


def caption(data):
    off = data[["factor_min", "factor_max"]].sub(data["theory"], axis=0).abs().max().max()
    return f"""Plain gradient descent on least squares, rates as shares of $2/\\lambda_{{\\max}}$.
    Points: median of {data["runs"].iloc[0]} runs; lines: $\\max |1 - \\eta\\lambda|$, at most
    {off:.0e} from any run. The best rate leaves a factor that nears 1 as the condition number
    grows."""


def draw(data, theme):
    figure, ax = theme.figure()
    shares, groups = np.linspace(0.05, 1.55, 301), data.groupby("condition")
    first, last = data["condition"].min(), data["condition"].max()
    theme.level(ax, x=1, y=1, color=theme.colour("theory"), linestyle="--", zorder=1.8)
    for (condition, here), colour in zip(groups, theme.sequence(len(groups)), strict=True):
        line = descent_factor(2 * shares, [1, 1 / condition])
        theme.theory(ax, shares, line, color=colour)
        theme.points(ax, here, "share_of_edge", "factor", colour)
        # The last line hardly dips; the others are labelled where they are lowest.
        at = np.argmin(np.abs(shares - 0.3) if condition == last else line)
        right = {"dx": 0, "dy": 9} if condition == last else {"dx": 22, "dy": -4}
        place = {"ha": "right", "dx": -16, "dy": -4} if condition == first else right
        theme.label(ax, shares[at], line[at], f"condition number {condition:g}", colour, **place)
    theme.label(ax, 1, 0.596, "2/λₘₐₓ", "theory", dx=6, weight="normal")
    ax.set(xlim=(0, 1.6), xlabel="learning rate, share of 2/λₘₐₓ")
    ax.set(ylim=(0.5, 2.1), ylabel="factor of a step")
    return figure
