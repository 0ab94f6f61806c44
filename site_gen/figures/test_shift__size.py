"""Accuracy on changed test images against the number of them that share their statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Thirty-two test images are nearly enough to take the statistics anew"
TAGS = ("test shift", "running statistics", "batch size")
CLAIMS = ("few-test-images-suffice",)

NAMES = {
    "contrast": "contrast",
    "brightness": "brightness",
    "own contrast": "own contrast",
    "noise": "noise",
}
COLOURS = {
    "contrast": "batch norm",
    "brightness": "input",
    "own contrast": "layer norm",
    "noise": "gradient",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every shift and number of images: mean over runs and the 95 % interval (Student's t); all test images are the size 1000, running statistics 0."""
    from scipy.stats import t

    runs, rows = results.sizes["run"], []
    place = int(results["at"])
    for shift in NAMES:
        curves = {
            int(n): results["by_size"].sel(shift=shift, size=n).values
            for n in results["size"].values
        }
        at = results["accuracy"].sel(shift=shift, place=place)
        curves |= {
            1000: at.sel(way="batch norm, anew").values,
            0: at.sel(way="batch norm, running").values,
        }
        for size, values in sorted(curves.items()):
            half = t.ppf(0.975, runs - 1) * values.std(ddof=1) / np.sqrt(runs)
            rows.append((shift, size, values.mean(), values.mean() - half, values.mean() + half))
    return pd.DataFrame(rows, columns=["shift", "size", "accuracy", "low", "high"]).assign(
        runs=runs
    )


def _percent(data: pd.DataFrame, shift: str, size: int) -> float:
    return 100 * data[(data["shift"] == shift) & (data["size"] == size)]["accuracy"].item()


def alt(data: pd.DataFrame) -> str:
    return (f"Accuracy at a quarter of the contrast by the number of test images that share statistics: {_percent(data, 'contrast', 8):.0f} % with 8, {_percent(data, 'contrast', 32):.0f} % with 32, "
            f"{_percent(data, 'contrast', 1000):.0f} % with all 1,000; {_percent(data, 'contrast', 0):.0f} % with the running statistics. Noise stays low at {_percent(data, 'noise', 1000):.0f} %.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Batch norm on changed test images, in training mode with random batches of test images of each size and with all 1,000; means of {data['runs'].iloc[0]} runs with 95 % intervals. Dots on the left: running statistics, "
            f"{_percent(data, 'contrast', 0):.0f} % for contrast and {_percent(data, 'brightness', 0):.0f} % for brightness.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.8)
    for shift, name in NAMES.items():
        rows, colour = data[data["shift"] == shift], theme.colour(COLOURS[shift])
        curve, start = rows[rows["size"] > 0], rows[rows["size"] == 0].iloc[0]
        ax.plot(curve["size"], curve["accuracy"], "o-", color=colour, markersize=4)
        theme.band(ax, curve["size"], curve["low"], curve["high"], colour)
        ax.plot(1.2, start["accuracy"], "o", color=colour, markersize=7)
        end = curve.iloc[-1]
        dy = {"contrast": 13, "brightness": 0, "own contrast": -14}.get(shift, 0)
        theme.label(ax, end["size"], end["accuracy"], name, colour, dx=9, dy=dy)
    sizes = sorted(set(data["size"]) - {0})
    ticks = np.arange(0.2, 1.01, 0.2)
    ax.set(xscale="log", ylim=(0.2, 1), xlim=(1, 3000), xlabel="test images that share their statistics", ylabel="accuracy on changed images")  # fmt: skip
    ax.set_xticks([1.2, *sizes], labels=["running", *(f"{s:,}" for s in sizes)])
    ax.set_yticks(ticks, labels=[f"{100 * t:.0f} %" for t in ticks])
    ax.minorticks_off()
    return figure
