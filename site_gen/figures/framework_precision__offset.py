"""Error of the float32 batch variance against the distance of the data from zero."""

import numpy as np

from experiments.results import only, rows
from experiments.theory import inference as theory

TITLE = "In one pass, the variance of data far from zero is lost"
TAGS = ("conventions", "precision", "float32")
CLAIMS = ("float32-variance-is-safe",)
ID = "conventions-offset"
MISSING = {"output_std": "a framework that finds a variance below zero puts out no number"}

# Source → colour and words.
SHOWN = {
    "Flax linen": ("layer norm", "Flax, by default"),
    "Keras on PyTorch": ("none", "Keras on PyTorch"),
    "Keras on NumPy": ("gradient", "Keras on NumPy"),
    "PyTorch": ("batch norm", "PyTorch"),
}
FLOOR = 1e-8  # an error below it is drawn there


def data(results):
    """A row for every framework and offset: variance over the true one, its error, and theory."""
    names = ("variance_ratio", "finite", "output_std", "distance")
    found = rows(*(results[name] for name in names))
    expected = theory.unit_round_off("float32") * np.square(found["distance"])
    return found.assign(error=np.abs(found["variance_ratio"] - 1), one_pass_theory=expected)


def alt(data):
    worst = data.groupby("source")["error"].max()
    return f"""On logarithmic axes the error of Flax's default and of Keras on PyTorch and NumPy
    rises along a line of slope two to {worst["Flax linen"]:.1g} and
    {worst["Keras on PyTorch"]:.0f}; that of the other frameworks stays below
    {worst["PyTorch"] * 2:.0e}."""


def caption(data):
    negative = (data["variance_ratio"] < 0).sum()
    lost = data[data["finite"] == 0]["source"].nunique()
    return f"""Relative error of the variance of a float32 batch of standard deviation near 1 as its
    mean moves away from zero. Line: $u\\kappa^2$ with $u = 2^{{-24}}$, the size of one rounding in
    $\\overline{{x^2}}$. Variances that came out negative: {negative}; variants that then put out
    values that are not numbers: {lost}. Two passes, and PyTorch, have no such error. Errors below
    {FLOOR:.0e} are drawn there; Flax nnx, not drawn, equals Flax linen."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    data = data.assign(error=np.maximum(data["error"], FLOOR))
    line = only(data, source="PyTorch").sort_values("distance")
    near, far, known = line["distance"].iloc[0], line["distance"].iloc[-4], line["one_pass_theory"]
    theme.theory(ax, line["distance"], known, zorder=1.9)
    others = data[~data["source"].isin([*SHOWN, "Flax nnx"])]
    theme.points(ax, others, "distance", "error", "neutral", alpha=0.6)
    for k, (source, (colour, words)) in enumerate(SHOWN.items()):
        theme.curve(
            ax, only(data, source=source), "distance", "error", colour, fmt="o-", linewidth=1
        )
        x, y, dy = (far, 8e-7, 8) if source == "PyTorch" else (near, 30, -15 * k)
        theme.label(ax, x, y, words, colour, dx=0, dy=dy)
    theme.label(ax, near, known.iloc[0], "uκ²", "theory", dx=8, dy=15, weight="normal")
    words = "ONNX, Flax in two passes, Keras on JAX, this site"
    theme.label(ax, near, FLOOR / 8, words, "neutral", dx=0, weight="normal")
    ax.set(xscale="log", xlabel="largest |x| over the standard deviation, κ")
    ax.set(yscale="log", ylabel="error of the variance", ylim=(FLOOR / 30, 100))
    return figure
