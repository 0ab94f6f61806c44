"""Effective rank by layer, for several widths, with and without batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Without batch norm a batch collapses onto one line; with it the rank settles"
TAGS = ("depth", "rank", "initialization")
CLAIMS = ("plain-ranks-collapse",)

NORMS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every norm, width and layer: effective rank without activation, geometric mean and interval; and √d."""
    rows = []
    for norm in NORMS:
        for width in results["width"].values:
            logs = np.log(
                results["rank"]
                .sel(kind="linear", norm=norm, width=width)
                .transpose("run", "layer")
                .values
            )
            centre, runs = logs.mean(axis=0), len(logs)
            half = student.ppf(0.975, runs - 1) * logs.std(axis=0, ddof=1) / np.sqrt(runs)
            rows.append(pd.DataFrame({"norm": norm, "width": int(width), "layer": results["layer"].values, "rank": np.exp(centre),
                                      "low": np.exp(centre - half), "high": np.exp(centre + half), "root": np.sqrt(width),
                                      "samples": int(results.attrs["samples"]), "runs": runs}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _end(data: pd.DataFrame, norm: str) -> pd.DataFrame:
    return data[(data["norm"] == norm) & (data["layer"] == data["layer"].max())].sort_values(
        "width"
    )


def alt(data: pd.DataFrame) -> str:
    plain, norm = _end(data, "none"), _end(data, "batch norm")
    return (f"Two panels, effective rank over {data['layer'].max()} layers on logarithmic axes. Without batch norm all curves fall towards one, the "
            f"wider network later: {plain['rank'].iloc[0]:.2f} at {plain['width'].iloc[0]} units, {plain['rank'].iloc[-1]:.2f} at {plain['width'].iloc[-1]}. With it they "
            f"level off, at {norm['rank'].iloc[0]:.1f} to {norm['rank'].iloc[-1]:.1f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Effective rank of a batch of {data['samples'].iloc[0]} after each layer of random linear networks of several widths. Geometric mean of "
            f"{data['runs'].iloc[0]} networks, bands are 95 % intervals. Thin lines: $\\sqrt{{d}}$, the first term of the closed form. The same weights and inputs on both sides.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    widths = sorted(data["width"].unique())
    last = int(data["layer"].max())
    for ax, (norm, title) in zip(axes, NORMS.items(), strict=True):
        for width, colour in zip(widths, theme.sequence(len(widths)), strict=True):
            rows = data[(data["norm"] == norm) & (data["width"] == width) & (data["layer"] > 0)]
            if norm == "batch norm":
                ax.axhline(
                    rows["root"].iloc[0], color=theme.colour("theory"), linewidth=0.8, zorder=1.9
                )
                theme.label(ax, last, rows["root"].iloc[0], f"d = {width}", colour, dx=4, dy=-1)
            theme.band(ax, rows["layer"], rows["low"], rows["high"], colour)
            ax.plot(rows["layer"], rows["rank"], color=colour, linewidth=1.8)
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="layer",
            title=title,
            xlim=(1, last),
        )
    for k in (0, len(widths) - 1):
        rows = data[(data["norm"] == "none") & (data["width"] == widths[k])].set_index("layer")[
            "rank"
        ]
        layer = min(rows.index[1:], key=lambda at: abs(np.log(rows[at] / 2.5)))
        theme.label(
            axes[0],
            layer,
            rows[layer],
            f"d = {widths[k]}",
            theme.sequence(len(widths))[k],
            ha="left" if k else "right",
            dx=7 if k else -9,
            dy=9 if k else -9,
        )
    ticks = [r for r in (1, 2, 4, 8, 16, 32, 64) if r < 1.4 * data["high"].max()]
    axes[0].set_yticks(ticks, [str(r) for r in ticks])
    axes[0].set(ylabel="effective rank", ylim=(0.93, None))
    for ax in axes:
        ax.minorticks_off()
        ax.set_xticks(
            [x for x in (1, 10, 100, 1000) if x <= last],
            [str(x) for x in (1, 10, 100, 1000) if x <= last],
        )
    return figure
