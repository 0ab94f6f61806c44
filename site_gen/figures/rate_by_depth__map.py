"""Share of runs that learn, by learning rate and depth, without and with batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Batch norm widens the range of rates that train, the more the deeper the network"
TAGS = ("learning rates", "depth", "training")
CLAIMS = ("no-rate-is-too-high-with-bn", "higher-rates-are-the-cause")

PANELS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every norm, depth and rate: the shares of runs that learned and that diverged, and the mean test accuracy."""
    table = results[["learned", "diverged", "accuracy"]].mean("run").to_dataframe().reset_index()
    return (
        table.assign(runs=results.sizes["run"])
        .sort_values(["norm", "depth", "rate"])
        .reset_index(drop=True)
    )


def _cell(data: pd.DataFrame, norm: str, depth: int) -> str:
    rows = data[(data["norm"] == norm) & (data["depth"] == depth) & (data["learned"] > 0.5)]
    return f"{rows['rate'].min():g} to {rows['rate'].max():g}" if len(rows) else "none"


def alt(data: pd.DataFrame) -> str:
    told = [f"{depth} layers, {_cell(data, 'none', depth)} without and {_cell(data, 'batch norm', depth)} with batch norm"
            for depth in sorted(data["depth"].unique())]  # fmt: skip
    return f"Two heat maps of the share of runs that learn, by depth and learning rate. More than half of the runs learn at these rates: {'; '.join(told)}."


def caption(data: pd.DataFrame) -> str:
    diverged = data[data["diverged"] > 0]
    gone = ", ".join(
        f"{name} {int((diverged['norm'] == norm).sum())} of {int((data['norm'] == norm).sum())}"
        for norm, name in PANELS.items()
    )
    return (f"Cells: test accuracy in per cent, mean of {data['runs'].iloc[0]} runs; the further a cell's colour is from the paper's, the more of them "
            f"learned at all. A cross: in some runs the loss left all bounds (cells with a cross: {gone}); they count as not having learned.")  # fmt: skip


def _legible(theme: Theme, colour: tuple[float, ...]) -> str:
    """Whichever of ink and paper has more contrast to a colour, by the luminance of the WCAG."""
    from matplotlib.colors import to_rgb

    def luminance(rgb: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb[:3]]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    cell = luminance(colour)
    contrast = {}
    for text in (theme.ink, theme.paper):
        low, high = sorted((cell, luminance(to_rgb(text))))
        contrast[text] = (high + 0.05) / (low + 0.05)
    return max(contrast, key=contrast.__getitem__)


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(rows=2, height=4.8, sharex=True)
    for ax, (norm, title) in zip(axes, PANELS.items(), strict=True):
        grids = {
            name: data[data["norm"] == norm].pivot(index="depth", columns="rate", values=name)
            for name in ("learned", "accuracy", "diverged")
        }
        learned = grids["learned"]
        ax.imshow(learned, cmap=theme.cmap, vmin=0, vmax=1, origin="lower", aspect="auto")
        for (row, column), accuracy in np.ndenumerate(grids["accuracy"].to_numpy()):
            cross = " ×" if grids["diverged"].to_numpy()[row, column] > 0 else ""
            colour = _legible(theme, theme.cmap(float(learned.to_numpy()[row, column])))
            ax.text(
                column, row, f"{100 * accuracy:.0f}{cross}", ha="center", va="center", color=colour
            )
        ax.set_xticks(range(len(learned.columns)), [f"{rate:g}" for rate in learned.columns])
        ax.set_yticks(range(len(learned.index)), [str(depth) for depth in learned.index])
        ax.set(title=title, ylabel="hidden layers")
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    axes[-1].set_xlabel("learning rate")
    return figure
