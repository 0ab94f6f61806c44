"""How the sum of the eigenvalues is spread over their size, against a semicircle."""

import numpy as np
import pandas as pd

from experiments.studies.rank_spectrum import deep

TITLE = "With batch norm the eigenvalues follow a semicircle"
TAGS = ("depth", "rank", "spectrum")
CLAIMS = ("eigenvalues-follow-a-semicircle",)
ID = "rank-collapse-semicircle"

BINS = 20


def data(results):
    """By size of an eigenvalue: density of the share of the sum, measured and of the semicircle."""
    values, centre, radius = deep(results)
    edges = np.linspace(0, 1.2 * (centre + radius), BINS + 1)
    mass, _ = np.histogram(values, edges, weights=values)
    inside = np.clip(1 - (((edges[:-1] + edges[1:]) / 2 - centre) / radius) ** 2, 0, None)
    theory = 2 / (np.pi * radius) * np.sqrt(inside)
    density = mass / values.sum() / np.diff(edges)
    found = {"low": edges[:-1], "high": edges[1:], "density": density, "theory": theory}
    found |= {"centre": centre, "radius": radius, "width": results["width"].item()}
    depths = results["settled"].values.sum()
    return pd.DataFrame(found).assign(depths=depths, runs=len(values), largest=values.max())


def alt(data):
    row = data.iloc[0]
    low, high = row["centre"] - row["radius"], row["centre"] + row["radius"]
    return f"""Histogram over the size of an eigenvalue, from 0 to {data["high"].max():.2f} of the
    sum. It follows a semicircle from {low:.2f} to {high:.2f} with a tail to
    {row["largest"]:.2f}."""


def caption(data):
    row = data.iloc[0]
    return f"""How the sum of the eigenvalues is spread over eigenvalues of different size, deep in
    linear networks of {row["width"]:.0f} units with batch norm: bars from {row["runs"]:.0f}
    networks at {row["depths"]:.0f} depths each. Line: the semicircle that the balance of chance and
    batch norm predicts for wide layers, with nothing fitted; its centre is one over the effective
    rank."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.4)
    (centre, radius), angle = data.loc[0, ["centre", "radius"]], np.linspace(0, np.pi, 201)
    x, y = centre + radius * np.cos(angle), 2 / np.pi / radius * np.sin(angle)
    widths, style = data["high"] - data["low"], {"alpha": 0.45, "linewidth": 0, "align": "edge"}
    ax.bar(data["low"], data["density"], widths, color=theme.colour("batch norm"), **style)
    theme.theory(ax, x, y, linewidth=1.4)
    theme.label(ax, x[55], y[55], "semicircle", "theory", dx=6, dy=8)
    ax.set(xlabel="eigenvalue, as a share of the sum", ylabel="density of the sum")
    ax.set(xlim=(0, data["high"].max()))
    return figure
