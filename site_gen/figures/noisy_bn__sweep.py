"""Shift and steps to the target against the size of the noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme


TITLE = "Noise multiplies the shift, and most of the lead over the network without batch norm stays"
TAGS = ("internal covariate shift", "noise", "training speed")
CLAIMS = (
    "fast-because-steady",
    "noise-raises-shift",
    "moderate-shift-helps",
    "shift-slows-training",
)

KINDS = {
    "travelled": "shift of a layer’s inputs in a step",
    "steps_to": "steps to the target accuracy",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Shift and steps of every run, with batch norm and noise of each size, and without both. Runs that do not arrive count all their steps."""
    rows = []
    for norm, size in [
        ("none", 0.0),
        *(("batch norm", float(size)) for size in results["size"].values),
    ]:
        at = results.sel(norm=norm, size=size)
        if not np.isfinite(at["last_step"]):
            continue
        common = np.isfinite(
            results["accuracy"].sel(norm="batch norm", size=0.0).isel(run=0)
        ).values
        shift = at["travelled"].isel(step=common).mean("step")
        rows += [{"network": norm, "size": size, "run": int(run), "travelled": float(shift.sel(run=run)),
                  "steps_to": float(np.minimum(at["steps_to"].sel(run=run), at["last_step"])), "arrived": bool(np.isfinite(at["steps_to"].sel(run=run)))}
                 for run in results["run"].values]  # fmt: skip
    return pd.DataFrame(rows)


def alt(data: pd.DataFrame) -> str:
    middle = data.groupby(["network", "size"])[list(KINDS)].median()
    largest = data["size"].max()
    bare, most, plain = (
        middle.loc[("batch norm", 0.0)],
        middle.loc[("batch norm", largest)],
        middle.loc[("none", 0.0)],
    )
    return (f"Two panels against the size of the noise. The shift of a layer’s inputs rises from {bare['travelled']:.3f} to {most['travelled']:.2f} with batch norm; without "
            f"batch norm and noise it is {plain['travelled']:.3f}. The steps to the target go from {bare['steps_to']:.0f} to {most['steps_to']:.0f}; without batch norm "
            f"{plain['steps_to']:.0f}. Medians.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    missing = int((~data.loc[data["network"] == "none", "arrived"]).sum())
    late = (
        f"{missing} of the runs without batch norm do not arrive, and count all their steps"
        if missing
        else "all runs arrive"
    )
    return (f"Every dot is one of {data['run'].nunique()} runs, lines join medians; all start from the same weights and see the same batches. Left: how far the inputs of a layer move "
            f"from one step to the next on the same images. Right: training steps to the target accuracy; {late}. "
            f"The horizontal line is the median without batch norm and without noise.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.8)
    plain, normed = (data[data["network"] == network] for network in ("none", "batch norm"))
    for ax, (column, title) in zip(axes, KINDS.items(), strict=True):
        ax.plot(normed["size"], normed[column], "o", color=theme.colour("batch norm"), alpha=0.45)
        middle = normed.groupby("size")[column].median()
        ax.plot(middle.index, middle, color=theme.colour("batch norm"))
        ax.axhline(plain[column].median(), color=theme.colour("none"))
        ax.set(
            yscale="log",
            xlabel="size of the noise behind batch norm",
            title=title,
            xticks=sorted(data["size"].unique()),
        )
    low, high = data["travelled"].min(), data["travelled"].max()
    axes[0].set_ylim(0.5 * low, 2 * high)
    axes[1].set_ylim(0.6 * data["steps_to"].min(), 2 * data["steps_to"].max())
    for ax, y, name, key, dy in (
        (axes[0], plain["travelled"].median(), "without batch norm, no noise", "none", 10),
        (axes[1], plain["steps_to"].median(), "without batch norm, no noise", "none", 10),
        (axes[1], normed["steps_to"].max(), "with batch norm", "batch norm", 12),
    ):
        theme.label(ax, data["size"].max(), y, name, theme.colour(key), dx=0, dy=dy, ha="right")
    return figure
