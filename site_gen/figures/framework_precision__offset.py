"""Error of the float32 batch variance against the distance of the data from zero."""

import numpy as np

from experiments.results import rows
from experiments.theory import inference as theory

TITLE = "In one pass, the variance of data far from zero is lost"
TAGS = ("conventions", "precision", "float32")
CLAIMS = ("float32-variance-is-safe",)
ID = "conventions-offset"
MISSING = {"output_std": "a framework that finds a variance below zero puts out no number"}

COLOURS = {
    "Flax linen": "layer norm",
    "Keras on PyTorch": "none",
    "Keras on NumPy": "gradient",
    "PyTorch": "batch norm",
}
NAMES = {"Flax linen": "Flax, by default"}
FLOOR = 1e-8  # an error below it is drawn there


def data(results):
    """A row for every framework and offset: variance over the true one, its error, and theory."""
    names = ("variance_ratio", "finite", "output_std", "distance")
    found = rows(*(results[name] for name in names))
    expected = theory.unit_round_off("float32") * np.square(found["distance"])
    return found.assign(error=np.abs(found["variance_ratio"] - 1), one_pass_theory=expected)


def alt(data):
    worst = data.groupby("source")["error"].max()
    return (
        "On logarithmic axes the error of Flax's default and of Keras on PyTorch and NumPy rises "
        f"along a line of slope two to {worst['Flax linen']:.1g} and "
        f"{worst['Keras on PyTorch']:.0f}; that of the other frameworks stays below "
        f"{worst['PyTorch'] * 2:.0e}."
    )


def caption(data):
    negative = (data["variance_ratio"] < 0).sum()
    lost = data[data["finite"] == 0]["source"].nunique()
    return (
        "Relative error of the variance of a float32 batch of standard deviation near 1 as its "
        "mean moves away from zero. Line: $u\\kappa^2$ with $u = 2^{-24}$, the size of one "
        f"rounding in $\\overline{{x^2}}$. Variances that came out negative: {negative}; variants "
        f"that then put out values that are not numbers: {lost}. Two passes, and PyTorch, have no "
        f"such error. Errors below {FLOOR:.0e} are drawn there; Flax nnx, not drawn, equals Flax "
        "linen."
    )


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    x, y = "distance", "error"
    shown = data.assign(error=np.maximum(data["error"], FLOOR))
    found = dict(iter(shown.groupby("source", sort=False)))
    line = found["PyTorch"].sort_values(x)
    near, far = line.iloc[0], line.iloc[-4]
    theme.theory(ax, line[x], line["one_pass_theory"], zorder=1.9)
    for source, of in found.items():
        if source not in COLOURS and source != "Flax nnx":
            theme.points(ax, of, x, y, "neutral", alpha=0.6)
    for k, (source, colour) in enumerate(COLOURS.items()):
        theme.curve(ax, found[source], x, y, colour, fmt="o-", linewidth=1)
        if source != "PyTorch":
            theme.label(ax, near[x], 30, NAMES.get(source, source), colour, dx=0, dy=-15 * k)
    theme.label(ax, far[x], 8e-7, "PyTorch", "batch norm", dx=0, dy=8)
    style = {"dx": 8, "dy": 15, "weight": "normal"}
    theme.label(ax, near[x], near["one_pass_theory"], "uκ²", "theory", **style)
    others = "ONNX, Flax in two passes, Keras on JAX, this site"
    theme.label(ax, near[x], FLOOR / 8, others, "neutral", dx=0, weight="normal")
    ax.set(xscale="log", xlabel="largest |x| over the standard deviation, κ")
    ax.set(yscale="log", ylabel="error of the variance", ylim=(FLOOR / 30, 100))
    return figure
