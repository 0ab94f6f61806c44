"""The gradient of the first weights in parts of that of the last hidden layer, in training."""

import numpy as np

from experiments.results import only, summary

TITLE = (
    "Ten sigmoids deep, the first layer gets a millionth of the gradient; with batch norm, as much "
    "as the last"
)
TAGS = ("saturation", "gradients", "depth")
CLAIMS = ("ten-layers-keep-their-gradient", "deep-sigmoids-vanish")
ID = "saturation-gradients"


def data(results):
    """By activation, norm, size of the weights and step: geometric mean of the ratio over runs."""
    lengths = results["gradient"].transpose("activation", "norm", "size", "step", "layer", "run")
    ratio = lengths.isel(layer=0, drop=True) / lengths.isel(layer=-1, drop=True)
    return summary(ratio, name="ratio", geometric=True)


def alt(data):
    start = only(data, step=0, size="usual").set_index(["activation", "norm"])["ratio"]
    return f"""Two panels of lines over training steps, on a logarithmic scale: the length of the
    first layer's gradient over the tenth's. At the start with usual weights, sigmoid:
    {start["sigmoid", "none"]:.1g} without batch norm and {start["sigmoid", "batch norm"]:.1f} with
    it; tanh: {start["tanh", "none"]:.1f} and {start["tanh", "batch norm"]:.1f}."""


def caption(data):
    return f"""$\\lVert\\partial L/\\partial W_1\\rVert / \\lVert\\partial L/\\partial
    W_{{10}}\\rVert$ on the training batch. Geometric mean of {data["runs"].iloc[0]} paired runs
    with 95 % intervals. Solid: usual weights; dashed: the same weights times a large factor. At the
    dotted line the two layers get gradients of the same length."""


def draw(data, theme):
    figure, panels = theme.panels(data, "activation", sharey=True)
    middle, centred = data["step"].max() * 0.45, {"ha": "center", "dx": 0}
    for ax, activation, of_activation in panels:
        theme.level(ax, y=1, color=theme.colour("theory"), linestyle=":", zorder=1.8)
        for (norm, size), rows in of_activation.groupby(["norm", "size"]):
            line, dy = ((0, (4, 2)), -14) if size == "large" else ("-", 12)
            theme.curve(ax, rows, "step", "ratio", norm, linestyle=line)
            if (activation, norm) == ("sigmoid", "none"):
                y = np.exp(np.interp(middle, rows["step"], np.log(rows["ratio"])))
                theme.label(ax, middle, y, f"without, {size} weights", norm, dy=dy, **centred)
        ax.set(title=activation, xlabel="training step", yscale="log")
    (left, *_), (right, *_) = panels
    left.set_ylabel("first layer’s gradient / tenth layer’s")
    theme.label(left, middle, 1, "batch norm, both", "batch norm", dy=24, **centred)
    text = "with and without: none vanishes"
    theme.label(right, middle, 1, text, theme.ink, dy=-16, weight="normal", **centred)
    return figure
