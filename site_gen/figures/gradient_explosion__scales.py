"""Gradients by layer for weights of three scales, with and without batch norm."""

import numpy as np

from experiments.results import nearest, only, summary
from site_gen.theme.numbers import power_of_ten

TITLE = "Batch norm makes the scale of the weights irrelevant, and gradients explode at every scale"
TAGS = ("depth", "gradients", "initialization")
CLAIMS = ("cures-vanishing-and-exploding-gradients", "initialization-alone-keeps-gradients")


def data(results):
    """By norm, scale and layer: squared gradient over the last layer's, geometric mean."""
    squares = np.exp(results["scaled_log_square"].rename("square"))
    return summary(squares.transpose("norm", "scale", "layer", "run"), geometric=True)


def alt(data):
    second = only(data, layer=2).set_index(["norm", "scale"])["square"]
    half, he, twice = second["none"][[0.5, 1.0, 2.0]]
    return f"""Two panels, squared gradient by layer on a logarithmic axis. Without batch norm, from
    the last of {data["layer"].max()} layers down to the second: about {power_of_ten(half)} of its
    size at half of He's scale, {he:.1f} times at He's, {power_of_ten(twice)} times at twice that.
    With batch norm three curves coincide and rise to about
    {power_of_ten(second["batch norm", 1.0])}."""


def caption(data):
    return f"""$\\lVert\\partial L/\\partial z\\rVert^2$ of every layer in multiples of the last
    layer's, in random ReLU networks that were not trained, for weights at half of, at and at twice
    He's scale. Geometric mean of {data["runs"].iloc[0]} networks; bands are 95 % intervals, mostly
    thinner than the lines. The same weights and batches on both sides; with batch norm the three
    scales cannot be told apart, so two are drawn as dashes over the first."""


def draw(data, theme):
    figure, axes = theme.figure(cols=2, sharey=True)
    scales, last = sorted(data["scale"].unique()), data["layer"].max()
    # Wide below, narrow above: curves that coincide all stay visible.
    widths, styles = np.linspace(5, 1.6, len(scales)), ["-", (0, (4, 4)), (0, (1, 3))]
    for k, (scale, colour) in enumerate(zip(scales, theme.sequence(len(scales)), strict=True)):
        plain, normed = (only(data, norm=norm, scale=scale) for norm in ("none", "batch norm"))
        theme.curve(axes[0], plain, "layer", "square", colour, linewidth=1.8)
        style = {"linestyle": styles[k % 3], "linewidth": widths[k]}
        theme.curve(axes[1], normed, "layer", "square", colour, **style)
        name = "He’s scale" if scale == 1 else f"× {scale:g}"
        dy = -12 if scale < 1 else 9  # beside the rising line the label stands below it
        middle = nearest(plain, layer=0.45 * last)
        theme.label(axes[0], middle["layer"], middle["square"], name, colour, dx=8, dy=dy)
    middle = nearest(normed, layer=0.45 * last)
    all_three = *middle[["layer", "square"]], "all three scales", "batch norm"
    theme.label(axes[1], *all_three, dx=8, dy=9)
    for ax, title in zip(axes, ("without batch norm", "with batch norm"), strict=True):
        theme.level(ax, y=1, linestyle=":")
        ax.set(yscale="log", xlabel="layer", title=title, xlim=(0, last + 1))
    axes[0].set(ylabel="‖∂L/∂z‖² / that of the last layer")
    return figure
