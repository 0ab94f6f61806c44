"""What enters the running variance after one batch, by batch size and framework."""

import numpy as np

from experiments.results import only, rows
from experiments.theory.inference import running_variance

TITLE = "Only PyTorch averages the unbiased variance"
TAGS = ("conventions", "running statistics", "batch size")
CLAIMS = ("frameworks-agree-on-the-variance", "running-variance-is-unbiased")

# Colour, marker, size: the last three lie on top of each other.
SHOWN = {
    "PyTorch": ("batch norm", "o", 1.0),
    "Keras on JAX": ("none", "s", 2.2),
    "Flax linen": ("layer norm", "o", 1.4),
    "ONNX": ("group norm", "x", 1.0),
}


def data(results):
    """One row for every framework and batch size, and the closed form for it."""
    found = rows(results["factor"]).rename(columns={"size": "batch"})
    unbiased, biased = (running_variance(found["batch"], kind) for kind in (True, False))
    return found.assign(theory=np.where(found["framework"] == "PyTorch", unbiased, biased))


def alt(data):
    small, large = data["batch"].min(), data["batch"].max()
    factor = data.set_index(["framework", "batch"])["factor"]["PyTorch"]
    return f"""A falling curve, PyTorch, from {factor[small]:.2f} at a batch of {small} to
    {factor[large]:.3f} at {large}; Keras, Flax and ONNX stay on a level line at 1."""


def caption(data):
    off = np.abs(data["factor"] / data["theory"] - 1).max()
    return f"""What one batch adds to the running variance, over the variance that the batch itself
    is divided by, from running each framework with its defaults. Lines: $m/(m-1)$ and 1; all
    {data["framework"].nunique()} variants that were run lie within {off:.0e} of one of them (the
    CSV has them all)."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.4)
    sizes = sorted(data["batch"].unique())
    m = np.geomspace(sizes[0], sizes[-1], 100)
    for unbiased in (True, False):
        theme.theory(ax, m, running_variance(m, unbiased), zorder=1.9)
    for framework, (colour, marker, scale) in SHOWN.items():
        found, size = only(data, framework=framework), scale * ax.figure.get_dpi() / 20
        form = {"fmt": marker, "markersize": size, "fillstyle": "full" if scale < 1.2 else "none"}
        theme.points(ax, found, "batch", "factor", colour, **form)
    at = only(data, framework="PyTorch")[["batch", "factor"]].iloc[1]
    theme.label(ax, *at, "PyTorch: m/(m − 1)", "batch norm", dx=12, dy=6)
    names = {"Keras": "none", "Flax": "layer norm", "ONNX": "group norm"}
    for k, (name, colour) in enumerate(names.items()):
        theme.label(ax, sizes[0], 1, name, colour, dx=-6 + 44 * k, dy=-19)
    theme.label(ax, sizes[0], 1, "biased", "theory", dx=126, dy=-19, weight="normal")
    ax.set(xscale="log", xlabel="batch size m", ylim=(0.8, 2.08), ylabel="running / batch variance")
    theme.ticks(ax, x=sizes)
    return figure
