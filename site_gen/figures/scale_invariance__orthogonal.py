"""The part of the gradient along the weights, against the size of the weights."""

import numpy as np

from experiments.results import nearest, only, rows

TITLE = "The gradient is orthogonal to the weights, up to ε"
TAGS = ("effective learning rate", "epsilon")
CLAIMS = ("gradient-is-orthogonal", "what-eps-leaves-along-the-weights")

# ε → how it is named, and where the name stands
LABELS = {
    0.0: ("ε = 0: round-off", {"dx": 6, "dy": 12}),
    1e-5: ("ε = 1e-5 (PyTorch)", {"dx": -6, "dy": -10, "ha": "right"}),
    1e-3: ("ε = 1e-3 (Keras)", {"dx": 6, "dy": 12}),
}


def data(results):
    """A row for every ε and factor: the root mean square cosine, and its closed form."""
    read = np.sqrt(np.square(results[["along", "along_theory"]]).mean(["run", "unit"]))
    found = rows(cosine=read["along"], theory=read["along_theory"])
    return found.assign(runs=results.sizes["run"], units=results.sizes["unit"])


def at(data, eps, factor):
    return nearest(only(data, eps=eps), scale=factor)["cosine"]


def alt(data):
    return f"""Cosine between a unit's weights and their gradient against the factor on the weights,
    logarithmic: with ε it falls as one over the square, from {at(data, 1e-5, 0.001):.2f} at 0.001
    to {at(data, 1e-5, 1):.0e} at 1 (ε = 1e-5); without ε it lies at {at(data, 0, 1):.0e}
    throughout."""


def caption(data):
    off = (data["cosine"] - data["theory"]).where(data["eps"] > 0).abs().max()
    return f"""Root mean square over {data["runs"].iloc[0]} networks of {data["units"].iloc[0]}
    units. Lines: the closed form $\\gamma\\,\\frac{{\\partial L}}{{\\partial
    \\gamma}}\\,\\frac{{\\varepsilon}}{{\\sigma^2 + \\varepsilon}}$ over both lengths; the points
    are at most {off:.0e} away. Without $\\varepsilon$ only round-off is left."""


def draw(data, theme):
    figure, ax = theme.figure()
    for (eps, (name, moved)), colour in zip(LABELS.items(), theme.sequence(3)[::-1], strict=True):
        rows = only(data, eps=eps)
        if eps:
            theme.theory(ax, rows["scale"], rows["theory"])
        theme.points(ax, rows, "scale", "cosine", colour, markevery=max(1, len(rows) // 18))
        theme.label(ax, 10, at(data, eps, 10), name, colour, **moved)
    ax.set(xscale="log", xlabel="factor a on the weights")
    ax.set(yscale="log", ylim=(1e-18, 3), ylabel="|cosine| of w and ∂L/∂w")
    return figure
