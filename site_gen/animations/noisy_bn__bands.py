"""What enters a sigmoid, and the test accuracy, without batch norm, with it, and with noise behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme


TITLE = (
    "Noise throws the distribution about at every step, and the network with batch norm learns all the same"
)
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
    from site_gen.theme import Animation

    figure, axes = theme.figure(rows=2, cols=3, height=4.4, sharex=True, sharey="row", height_ratios=(1.7, 1))
    tables = {label: data[data["network"] == label].reset_index(drop=True) for label in COLOURS}
    bands, lines = [], []
    columns = ("percentile_15", "percentile_50", "percentile_85", "accuracy")
    for (above, below), (label, condition) in zip(axes.T, COLOURS.items(), strict=True):
        colour = theme.colour(condition)
        bands.append(theme.band(above, [1], [0], [0], colour))
        for column in columns:
            ax = below if column == "accuracy" else above
            lines += ax.plot(
                [], [], color=colour, linewidth=1.8 if column in ("percentile_50", "accuracy") else 0.9
            )
        above.set_title(label)
        below.set(xlabel="training steps")
    low, high = data["percentile_15"].min(), data["percentile_85"].max()
    pad = 0.06 * (high - low)
    axes[0, 0].set(
        xscale="log",
        xlim=(0.9, 1.1 * data["step"].max()),
        ylim=(low - pad, high + pad),
        ylabel="input of the sigmoid",
    )
    axes[1, 0].set(ylabel="accuracy", ylim=(0, 1), yticks=(0, 0.5, 1))

    def until(table: pd.DataFrame, column: str, step: float) -> tuple[np.ndarray, np.ndarray]:
        """The curve up to a step, or to its end: all readings before it, and the place on the straight line to the next."""
        steps, values = table["step"].to_numpy(), table[column].to_numpy()
        step = min(step, steps[-1])
        seen = steps < step
        return np.append(steps[seen], step), np.append(
            values[seen], np.interp(np.log(step), np.log(steps), values)
        )

    def update(i: int) -> None:
        step = data["step"].max() ** (min(i + 1, DRAWING) / DRAWING)
        for k, table in enumerate(tables.values()):
            for line, column in zip(lines[4 * k : 4 * k + 4], columns, strict=True):
                line.set_data(*until(table, column, step))
            steps, lower = until(table, "percentile_15", step)
            bands[k].set_data(steps, lower, until(table, "percentile_85", step)[1])

    return Animation(figure, [*bands, *lines], DRAWING + HOLD, update, fps=20, poster=DRAWING - 1)
