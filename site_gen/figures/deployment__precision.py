"""How far folding moves the logits of trained networks, by precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Folding moves the logits of trained networks by round-off"
TAGS = ("deployment", "folding", "precision")
CLAIMS = ("folding-changes-predictions",)

UNIT = {"float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}  # unit round-off


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a network and precision: the largest distance of a logit, the share of changed predictions, the unit round-off."""
    table = results[["logit_distance", "changed"]].to_dataframe().reset_index()
    return table.assign(unit=table["precision"].map(UNIT))


def alt(data: pd.DataFrame) -> str:
    worst = data.groupby("precision")["logit_distance"].max()
    return ("On a logarithmic axis the largest distances of logits lie some multiples above the unit round-off: up to "
            + ", ".join(f"{worst[name]:.0e} in {name}" for name in UNIT) + ".")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    changed = data.groupby("precision")["changed"].mean()
    return (f"Largest distance between logits with batch norm and folded, over all test images; one point for each of {data['run'].nunique()} networks. Lines: the unit round-off "
            f"$u$. Predictions that change: " + ", ".join(f"{changed[name]:.3%} in {name}" for name in UNIT) + ".")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=2.8)
    for k, (name, unit) in enumerate(UNIT.items()):
        rows = data[data["precision"] == name]
        ax.plot(
            rows["logit_distance"],
            k + 0.2 * (rows["run"] / rows["run"].max() - 0.5),
            "o",
            color=theme.colour("batch norm"),
            alpha=0.6,
        )
        ax.plot([unit, unit], [k - 0.35, k + 0.35], color=theme.colour("theory"), linewidth=1)
        theme.label(ax, unit, k, "u", theme.colour("theory"), dx=-5, ha="right", weight="normal")
    ax.set(xscale="log", xlabel="largest distance of a logit", xlim=(1e-17, 1), ylim=(-0.6, 2.6))
    ax.set_yticks(np.arange(3), list(UNIT))
    return figure
