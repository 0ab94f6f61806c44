"""Length of the gradient against the size of the weights, with and without ε."""

import numpy as np

from experiments.results import Near, nearest, only, rows, value

TITLE = "Larger weights, smaller gradients; the values do not notice, until ε does"
TAGS = ("effective learning rate", "epsilon")
CLAIMS = ("size-does-not-matter", "large-weights-small-gradients")

NAMES = {0.0: "ε = 0", 1e-5: "1e-5", 1e-3: "1e-3"}


def data(results):
    """A row for every ε and factor: standard deviation of x̂, the gradient against a = 1."""
    usual = value("gradient_length", eps=0.0, scale=Near(1))(results).drop_vars(["eps", "scale"])
    read = {"value_std": results["value_share"], "gradient": results["gradient_length"] / usual}
    found = rows(*(array.median("run").rename(name) for name, array in read.items()))
    return found.assign(theory=1 / found["scale"], runs=results.sizes["run"])


def alt(data):
    exact, usual = (only(data, eps=eps)["value_std"].iloc[0] for eps in (0.0, 1e-5))
    return f"""Left: the standard deviation of the normalized values against the factor on the
    weights, constant at {exact:.2f} without ε and down to {usual:.2f} at a factor of 0.001 with ε =
    1e-5; right: the gradient's length, a straight line from 1000 to 0.001 without ε, bent down on
    the left with it."""


def caption(data):
    exact = only(data, eps=0.0)
    off = (exact["gradient"] / exact["theory"] - 1).abs().max()
    return f"""The weights in front of a batch norm times $a$; medians of {data["runs"].iloc[0]}
    random networks. Without $\\varepsilon$ the values stay and the gradient is $1/a$ times as long
    (at most {off:.0e} from the line). With $\\varepsilon$ this ends below $a \\approx
    \\sqrt{{\\varepsilon}}/\\sigma$."""


def draw(data, theme):
    both, scales = {"xscale": "log", "xlabel": "factor a on the weights"}, data["scale"].unique()
    figure, (left, right) = theme.figure(cols=2, height=3.4, subplot_kw=both)
    theme.theory(right, scales, 1 / scales)
    for (eps, name), colour in zip(NAMES.items(), reversed(theme.sequence(3)), strict=True):
        rows = only(data, eps=eps)
        style = {"fmt": "o-", "markevery": max(1, len(rows) // 18), "linewidth": 1.2}
        theme.curve(left, rows, "scale", "value_std", colour, **style)
        theme.curve(right, rows, "scale", "gradient", colour, **style)
        at = nearest(rows, scale=0.65 * np.sqrt(eps) if eps else 0.001)
        moved = {"dx": 6, "dy": -9} if eps else {"dx": 0, "dy": 10}
        theme.label(left, at["scale"], at["value_std"], name, colour, **moved)
    theme.label(right, 8, 1 / 8, "1/a", "theory", dx=8, dy=8, weight="normal")
    left.set(ylim=(0, 1.15), ylabel="standard deviation of x̂")
    right.set(yscale="log", ylabel="length of ∂L/∂w, a = 1 being 1")
    return figure
