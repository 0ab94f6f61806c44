"""Error of the float32 variance by six algorithms, against the distance of the data from zero."""

import numpy as np

from experiments.results import rows

TITLE = "One pass loses the variance with the square of the offset, one subtraction saves it"
TAGS = ("deployment", "precision", "float32")
CLAIMS = (
    "one-pass-variance-is-enough",
    "one-pass-error-is-bounded",
    "shifting-cures-one-pass",
    "welford-cures-one-pass",
)
ID = "deployment-variance"

COLOURS = {
    "one pass": "none",
    "Welford": "gradient",
    "in parts": "group norm",
    "two passes": "layer norm",
    "one pass, shifted": "batch norm",
    "two passes, shifted": "input",
}


def data(results):
    """Every run, algorithm and offset: root mean square and largest relative error, and theory."""
    found = results["variance_error"], results["variance_worst"]
    return rows(*found, results["variance_scale"].rename("theory"))


def averaged(data):
    """Root mean square error over runs, by algorithm and offset."""
    squares = data.assign(variance_error=np.square(data["variance_error"]))
    means = squares.groupby(["algorithm", "variance_offset"], as_index=False).mean()
    return means.assign(variance_error=np.sqrt(means["variance_error"]))


def alt(data):
    far = averaged(data).groupby("algorithm")["variance_error"].last()
    return f"""On logarithmic axes the error of one pass rises with slope two to
    {far["one pass"]:.0e}, those of Welford's updates and of combined parts with slope one to
    {far["Welford"]:.0e} and {far["in parts"]:.0e}; with the first sample subtracted they are
    {far["one pass, shifted"]:.0e} in one pass and {far["two passes, shifted"]:.0e} in two."""


def caption(data):
    return f"""Relative error of the variance of Gaussian float32 data of standard deviation 1: root
    mean square over {data["run"].nunique()} runs. Line: $u\\,(1 + \\mu^2/\\sigma^2)$ with $u =
    2^{{-24}}$. “Shifted”: the first sample is subtracted first, as this site's engine does before
    its two passes. “In parts”: two passes over each of 8 shards, combined."""


def draw(data, theme):
    figure, ax = theme.figure(height=4.2)
    means, x = averaged(data), "variance_offset"
    line = means[means["algorithm"] == "one pass"]
    first, end = line[x].min(), line[x].max()
    theme.theory(ax, line[x], line["theory"], "u(1 + μ²/σ²)", zorder=1.9)
    for name, colour in COLOURS.items():
        found = means[means["algorithm"] == name]
        theme.curve(ax, found, x, "variance_error", colour, fmt="o-", linewidth=1)
        # “two passes” ends where “Welford” does.
        lower = 40 if name == "two passes" else 1
        dy = {"Welford": 7, "in parts": -7}.get(name, 0)
        theme.label(ax, end, found["variance_error"].iloc[-1] / lower, name, colour, dy=dy)
    ax.set(xscale="log", xlim=(first / 1.5, end * 60), xlabel="mean over standard deviation")
    ax.set(yscale="log", ylabel="error of the variance")
    ax.set_xticks(line[x])
    return figure
