"""Accuracy on changed test images against the size of the change, for four ways to normalize."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Statistics taken anew cancel contrast and brightness, and no noise"
TAGS = ("test shift", "running statistics", "alternatives")
CLAIMS = (
    "batch-norm-ignores-contrast",
    "new-statistics-undo-test-shift",
    "test-statistics-cancel-contrast-and-brightness",
    "layer-norm-cancels-contrast-and-brightness",
)

PANELS = {
    "contrast": "contrast c of c x",
    "brightness": "brightness b of x + b",
    "noise": "standard deviation of added noise",
    "own contrast": "lowest contrast, own for every image",
}
WAYS = {
    "batch norm, anew": ("positive", "batch norm, statistics taken anew"),
    "batch norm, running": ("batch norm", "batch norm, running statistics"),
    "layer norm": ("layer norm", "layer norm"),
    "none": ("none", "no normalization"),
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every way, shift and size of it: mean over runs and the 95 % interval (Student's t)."""
    from scipy.stats import t

    runs, rows = results.sizes["run"], []
    for shift in PANELS:
        for way in WAYS:
            for place in results["place"].values:
                values = results["accuracy"].sel(shift=shift, way=way, place=place).values
                half = t.ppf(0.975, runs - 1) * values.std(ddof=1) / np.sqrt(runs)
                level = results["level"].sel(shift=shift, place=place).item()
                rows.append(
                    (shift, way, level, values.mean(), values.mean() - half, values.mean() + half)
                )
    return pd.DataFrame(rows, columns=["shift", "way", "level", "accuracy", "low", "high"]).assign(
        runs=runs
    )


def _last(data: pd.DataFrame, shift: str, way: str) -> float:
    """Accuracy in percent at the largest change."""
    return 100 * data[(data["shift"] == shift) & (data["way"] == way)]["accuracy"].iloc[-1]


def alt(data: pd.DataFrame) -> str:
    old, new = (
        {shift: _last(data, shift, f"batch norm, {way}") for shift in PANELS}
        for way in ("running", "anew")
    )
    return (f"Accuracy against the size of four changes. At the largest, batch norm with running statistics has {old['contrast']:.0f} % for contrast, {old['brightness']:.0f} % for brightness and {old['noise']:.0f} % for noise; "
            f"with statistics taken anew {new['contrast']:.0f}, {new['brightness']:.0f} and {new['noise']:.0f} %.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Accuracy on test images that are changed more and more to the right; nothing was changed in training. Means of {data['runs'].iloc[0]} paired runs with 95 % intervals. Statistics taken anew are those of all changed test images, without labels. "
            f"At the darkest, layer norm keeps {_last(data, 'contrast', 'layer norm'):.0f} %; at the brightest {_last(data, 'brightness', 'layer norm'):.0f} %.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(rows=2, cols=2, height=5.8, sharey=True)
    ticks = np.arange(0.2, 1.01, 0.2)
    for ax, (shift, name) in zip(axes.flat, PANELS.items(), strict=True):
        for way, (key, _) in WAYS.items():
            rows = data[(data["shift"] == shift) & (data["way"] == way)]
            ax.plot(rows["level"], rows["accuracy"], "o-", color=theme.colour(key), markersize=4)
            theme.band(ax, rows["level"], rows["low"], rows["high"], theme.colour(key))
        if "contrast" in shift:
            ax.invert_xaxis()
        ax.set(xlabel=name, ylim=(0.2, 1))
        ax.set_yticks(ticks, labels=[f"{100 * t:.0f} %" for t in ticks])
    for ax in axes[:, 0]:
        ax.set(ylabel="test accuracy")
    for row, (key, name) in enumerate(WAYS.values()):
        theme.label(
            axes[1, 1],
            0.04,
            0.5 - 0.11 * row,
            name,
            theme.colour(key),
            dx=0,
            transform="axes fraction",
        )
    return figure
