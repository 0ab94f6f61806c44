"""Growth of squared gradients a layer at initialization, by normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "At initialization, gradients explode where statistics are over the batch, and nowhere else"
TAGS = ("alternatives", "depth", "gradients")
CLAIMS = ("normalization-explodes",)

ORDER = ("ghost batches", "batch norm", "batch renormalization", "group norm", "layer norm", "RMSNorm", "weight normalization", "none")  # fmt: skip
COLOURS = {"batch norm": "batch norm", "ghost batches": "batch norm", "batch renormalization": "batch norm",
           "layer norm": "layer norm", "RMSNorm": "layer norm", "group norm": "group norm"}  # fmt: skip


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every normalization and run: the factor a layer."""
    growth = results["growth"].sel(norm=list(ORDER)).transpose("norm", "run")
    return growth.to_dataframe("growth").reset_index()


def alt(data: pd.DataFrame) -> str:
    means = data.groupby("norm")["growth"].mean()
    return "Factor of squared gradients from layer to layer: " + ", ".join(f"{norm} {means[norm]:.2f}" for norm in ORDER) + "."  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Factor by which squared gradients grow from a layer to the one below, mean over the depth, in dense ReLU networks at initialization. A point for each of "
            f"{data['run'].nunique()} paired runs. Batch renormalization has running statistics that are up to date.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.2)
    for lane, norm in enumerate(ORDER):
        values = data.loc[data["norm"] == norm, "growth"].to_numpy()
        colour = theme.colour(COLOURS.get(norm, "none"))
        ax.plot(values, np.full(values.size, lane), "o", color=colour, alpha=0.5, markersize=5)
        theme.label(ax, values.max(), lane, f"{values.mean():.2f}", colour, dx=8)
    ax.axvline(1, color=theme.muted, linewidth=1, zorder=1)
    ax.set_yticks(
        range(len(ORDER)), labels=["no normalization" if norm == "none" else norm for norm in ORDER]
    )
    ax.set(
        xscale="log", ylim=(len(ORDER) - 0.4, -0.6), xlabel="factor a layer, of squared gradients, at initialization"
    )  # fmt: skip
    ax.set_xlim(right=4)
    ax.set_xticks([0.8, 1, 1.5, 2, 3], labels=["0.8", "1", "1.5", "2", "3"])
    ax.minorticks_off()
    return figure
