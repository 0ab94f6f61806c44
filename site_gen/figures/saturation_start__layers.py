"""The squared gradient by layer before training, with and without batch norm, and what is
predicted for wide layers."""

import numpy as np

from experiments.results import only, rows
from experiments.studies.saturation_start import ACTIVATIONS

TITLE = "Without batch norm the slope decides whether gradients vanish; with it they grow"
TAGS = ("saturation", "gradients", "initialization")
CLAIMS = ("every-curve-makes-gradients-grow", "vanishing-has-a-rate")
ID = "saturation-start"

MARKS = {"usual": "o", "large": "D"}
# Where labels stand: panel, norm, size, layer, and how far from the mark.
LABELS = (
    ("sigmoid", "none", "usual", 4, 10, -4),
    ("sigmoid", "none", "large", 2, 2, -13),
    ("sigmoid", "batch norm", "usual", 4, 0, 12),
    ("tanh", "none", "usual", 4, 0, -14),
    ("tanh", "none", "large", 4, 4, 12),
    ("tanh", "batch norm", "usual", 4, -24, 11),
)


def data(results):
    """A row for every activation, norm, size of the weights and layer: geometric mean over runs,
    and the prediction."""
    square = np.exp(np.log(results["square"]).mean("run"))
    square = square.transpose("activation", "norm", "size", "layer")
    table = rows(square, results["predicted_square"].rename("theory"))
    return table.assign(runs=results.sizes["run"])


def alt(data):
    first = only(data, layer=1, size="usual").set_index(["activation", "norm"])["square"]
    said = [
        f"{one}, {first[one, 'none']:.1g} times the last layer's without batch norm and "
        f"{first[one, 'batch norm']:.1f} times with it"
        for one in ACTIVATIONS
    ]
    return f"""Two panels, squared gradient by layer on a logarithmic scale. In the first layer,
    usual weights: {"; ".join(said)}."""


def caption(data):
    return f"""$\\lVert\\partial L/\\partial z\\rVert^2$ before training, over that of the last
    hidden layer; wide layers, large batches of digits, geometric mean of {data["runs"].iloc[0]}
    runs. Circles: usual weights; diamonds: large ones (with batch norm on top of the circles). Thin
    lines: predicted for wide layers; for batch norm also for inputs that fill all directions, which
    digits do not, and the growth is faster."""


def draw(data, theme):
    figure, panels = theme.panels(data, "activation", sharey=True)
    for ax, activation, of_activation in panels:
        for (norm, size), lines in of_activation.groupby(["norm", "size"]):
            theme.theory(ax, lines["layer"], lines["theory"])
            theme.points(ax, lines, "layer", "square", norm, fmt=MARKS[size])
        ax.set(title=activation, xlabel="layer", yscale="log", xticks=data["layer"].unique())
        squares = of_activation.set_index(["norm", "size", "layer"])["square"]
        for of, norm, size, layer, dx, dy in LABELS:
            if of == activation:
                text = "batch norm" if norm == "batch norm" else f"without, {size}"
                theme.label(ax, layer, squares[norm, size, layer], text, norm, dx=dx, dy=dy)
    panels[0][0].set_ylabel("‖∂L/∂z‖² / that of the last layer")
    return figure
