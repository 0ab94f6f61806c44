"""How the sum of the eigenvalues is spread over their size, with batch norm, against a semicircle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With batch norm the eigenvalues follow a semicircle"
TAGS = ("depth", "rank", "spectrum")
CLAIMS = ("eigenvalues-follow-a-semicircle",)

BINS = 20


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every bin of eigenvalues' shares: density of the share of the sum that lies in it, measured; and the semicircle at its centre."""
    at = results["shares"].sel(
        norm="batch norm", shown=results["shown"] >= int(results.attrs["skipped"])
    )
    values = at.values.ravel().astype(float)
    width = int(results.attrs["widest"])
    centre, radius = 1 / float(results["predicted_rank"].sel(width=width)), 1 / np.sqrt(width)
    edges = np.linspace(0, 1.2 * (centre + radius), BINS + 1)
    mass, _ = np.histogram(values, edges, weights=values)
    middle = (edges[:-1] + edges[1:]) / 2
    inside = np.clip(1 - ((middle - centre) / radius) ** 2, 0, None)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "density": mass / values.sum() / np.diff(edges),
                         "theory": 2 / (np.pi * radius) * np.sqrt(inside), "centre": centre, "radius": radius, "width": width,
                         "depths": at.sizes["shown"], "runs": at.sizes["run"], "largest": values.max()})  # fmt: skip


def alt(data: pd.DataFrame) -> str:
    row = data.iloc[0]
    return (f"Histogram over the size of an eigenvalue, from 0 to {data['high'].max():.2f} of the sum. It follows a semicircle from "
            f"{row['centre'] - row['radius']:.2f} to {row['centre'] + row['radius']:.2f} with a tail to {row['largest']:.2f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    row = data.iloc[0]
    return (f"How the sum of the eigenvalues is spread over eigenvalues of different size, deep in linear networks of {row['width']:.0f} units with batch "
            f"norm: bars from {row['runs']:.0f} networks at {row['depths']:.0f} depths each. Line: the semicircle that the balance of chance and batch norm predicts for wide "
            f"layers, with nothing fitted; its centre is one over the effective rank.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.4)
    colour, row = theme.colour("batch norm"), data.iloc[0]
    ax.bar(
        data["low"],
        data["density"],
        width=data["high"] - data["low"],
        align="edge",
        color=colour,
        alpha=0.45,
        linewidth=0,
    )
    x = row["centre"] + row["radius"] * np.cos(np.linspace(0, np.pi, 201))
    y = 2 / (np.pi * row["radius"]) * np.sin(np.linspace(0, np.pi, 201))
    ax.plot(x, y, color=theme.colour("theory"), linewidth=1.4)
    theme.label(ax, x[55], y[55], "semicircle", theme.colour("theory"), dx=6, dy=8)
    ax.set(
        xlabel="eigenvalue, as a share of the sum",
        ylabel="density of the sum",
        xlim=(0, data["high"].max()),
    )
    return figure
