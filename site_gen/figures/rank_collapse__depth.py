"""Effective rank by layer, for several widths, with and without batch norm."""

import numpy as np

from experiments.results import nearest, only, summary

TITLE = "Without batch norm a batch collapses onto one line; with it the rank settles"
TAGS = ("depth", "rank", "initialization")
CLAIMS = ("plain-ranks-collapse",)

NORMS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results):
    """By norm, width and layer: effective rank without activation, geometric mean; and √d."""
    rank = results["rank"].sel(kind="linear", norm=list(NORMS), drop=True)
    table = summary(rank.transpose("norm", "width", "layer", "run"), geometric=True)
    return table.assign(root=np.sqrt(table["width"]), samples=results["samples"].item())


def alt(data):
    end = data[data["layer"] == data["layer"].max()].set_index(["norm", "width"])["rank"]
    narrow, wide = data["width"].min(), data["width"].max()
    return f"""Two panels, effective rank over {data["layer"].max()} layers on logarithmic axes.
    Without batch norm all curves fall towards one, the wider network later:
    {end["none", narrow]:.2f} at {narrow} units, {end["none", wide]:.2f} at {wide}. With it they
    level off, at {end["batch norm", narrow]:.1f} to {end["batch norm", wide]:.1f}."""


def caption(data):
    return f"""Effective rank of a batch of {data["samples"].iloc[0]} after each layer of random
    linear networks of several widths. Geometric mean of {data["runs"].iloc[0]} networks, bands are
    95 % intervals. Thin lines: $\\sqrt{{d}}$, the first term of the closed form. The same weights
    and inputs on both sides."""


def draw(data, theme):
    figure, panels = theme.panels(data[data["layer"] > 0], "norm", sharey=True)
    widths, last = sorted(data["width"].unique()), data["layer"].max()
    for ax, norm, of_norm in panels:
        for width, colour in zip(widths, theme.sequence(len(widths)), strict=True):
            rows, name, root = only(of_norm, width=width), f"d = {width}", np.sqrt(width)
            theme.curve(ax, rows, "layer", "rank", colour, linewidth=1.8)
            at = nearest(rows, rank=2.5)[["layer", "rank"]]
            if norm == "batch norm":
                theme.level(ax, y=root, color=theme.colour("theory"), linewidth=0.8, zorder=1.9)
                theme.label(ax, last, root, name, colour, dx=4, dy=-1)
            elif width == widths[0]:
                theme.label(ax, *at, name, colour, ha="right", dx=-9, dy=-9)
            elif width == widths[-1]:
                theme.label(ax, *at, name, colour, dx=7, dy=9)
        ax.set(xscale="log", yscale="log", xlabel="layer", title=NORMS[norm], xlim=(1, last))
        theme.ticks(ax, x=[x for x in (1, 10, 100, 1000) if x <= last])
    ax = panels[0][0]
    ax.set(ylabel="effective rank", ylim=(0.93, None))
    theme.ticks(ax, y=[r for r in (1, 2, 4, 8, 16, 32, 64) if r < 1.4 * data["high"].max()])
    return figure
