"""Singular values of the backward pass, batch size by batch size."""

import numpy as np

from experiments.results import rows

TITLE = "The backward pass keeps m − 2 directions and removes two"
TAGS = ("transform", "gradients", "batch size")
CLAIMS = ("affine-restores-information", "backward-only-rescales")

LARGEST = 32  # larger batches look the same, with more points


def data(results):
    """By batch size and rank: the singular value over γ/σ, median and extremes; the closed form."""
    values = results["singular_value"].sel(batch=results["batch"] <= LARGEST)
    found = rows(values.median("run"), lowest=values.min("run"), highest=values.max("run"))
    found = found.dropna(ignore_index=True)
    theory = np.where(found["rank"] < found["batch"] - 2, 1.0, 0.0)
    return found.assign(theory=theory, runs=results.sizes["run"])


def alt(data):
    sizes = data["batch"].unique()
    lost = (data["singular_value"] < 0.5).groupby(data["batch"]).sum()
    return f"""A row of points for each batch size from {sizes[0]} to {sizes[-1]}: in every row all
    points are filled but the last {lost.iloc[-1]}, which are empty; a batch of {sizes[0]} has
    {lost.iloc[0]} empty points and no other."""


def caption(data):
    off = np.abs(data[["lowest", "highest"]].sub(data["theory"], axis=0)).max().max()
    return f"""Each point is one singular value of batch norm’s backward pass at $\\varepsilon = 0$,
    in units of $|\\gamma|/\\sigma$, the largest at the left. Filled: 1; empty: 0.
    {data["runs"].iloc[0]} random batches of each size, with random $\\gamma$ and $\\beta$; none is
    farther than {off:.0e} from these values."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.4)
    sizes = sorted(data["batch"].unique())
    shown = data.assign(place=data["rank"] + 1, line=data["batch"].map(sizes.index))
    passing = data["singular_value"] > 0.5
    theme.points(ax, shown[passing], "place", "line", "gradient")
    theme.points(ax, shown[~passing], "place", "line", theme.muted, markerfacecolor="none")
    for line, m in enumerate(sizes):
        kept = passing[data["batch"] == m].sum()
        # the longest rows leave room only above
        place = {"dx": 14} if m <= LARGEST // 2 else {"dx": 4, "dy": 14, "ha": "right"}
        text = f"{kept} kept, {m - kept} removed"
        theme.label(ax, m, line, text, theme.ink, weight="normal", **place)
    ax.set(xlim=(0, max(sizes) + 1), xlabel="rank of the singular value")
    ax.set(ylim=(len(sizes) - 0.5, -0.7))
    ax.set_yticks(range(len(sizes)), [f"m = {m}" for m in sizes])
    ax.grid(False)
    return figure
