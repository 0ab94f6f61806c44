"""What enters a sigmoid, and the test accuracy, without batch norm, with it, and with noise behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme


TITLE = "Noise throws the distribution about at every step, and the network with batch norm learns all the same"
TAGS = ("internal covariate shift", "noise", "training speed")

SIZE = 1.0
LABELS = {
    ("none", 0.0): "without batch norm",
    ("batch norm", 0.0): "with batch norm",
    ("batch norm", SIZE): "with batch norm and noise",
}
COLOURS = {
    "without batch norm": "none",
    "with batch norm": "batch norm",
    "with batch norm and noise": "gradient",
}
RUN, DRAWING, HOLD = 0, 64, 14  # frames on which lines grow, and on which the end stands still


def data(results: xr.Dataset) -> pd.DataFrame:
    """Percentiles of what enters one sigmoid of the last hidden layer, and the accuracy, of the first run, by network and step."""
    rows = []
    for (norm, size), label in LABELS.items():
        at = results.sel(norm=norm, size=size)
        for step in at["step"].values[np.isfinite(at["accuracy"].isel(run=RUN)).values]:
            now = at.sel(step=step)
            rows.append({"network": label, "step": int(step), "accuracy": float(now["accuracy"].isel(run=RUN))}
                        | {f"percentile_{p}": float(now["band"].sel(percentile=p)) for p in now["percentile"].values})  # fmt: skip
    return pd.DataFrame(rows)[lambda rows: rows["step"] > 0]


def alt(data: pd.DataFrame) -> str:
    half = {
        label: rows["step"].iloc[int((rows["accuracy"] > 0.5).argmax())]
        for label, rows in data.groupby("network")
    }
    told = "; ".join(f"{label} it passes one half after {half[label]} steps" for label in COLOURS)
    return (f"Animation over training steps, on a logarithmic scale. Without batch norm what enters a sigmoid is a thin line that wanders, with batch norm a steady band, with "
            f"noise a band that jumps up and down from reading to reading. Below, the accuracy: {told}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"The first of the runs: the same initial weights, the same batches. Above: median and the band from the 15th to the 85th percentile of what enters one sigmoid of the last "
            f"hidden layer, on the same test images. In the last column a shift and a stretch, drawn anew at every step, stand between batch norm and the sigmoid (size ${SIZE:g}$). "
            f"Below: test accuracy, measured without noise. An illustration, not a measurement.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme.film import training_film

    columns = {label: (label, condition) for label, condition in COLOURS.items()}
    return training_film(data, theme, columns, DRAWING, HOLD, ratio=1.7)
