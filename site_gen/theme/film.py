"""A film that two studies share: a distribution and the test accuracy, as training goes on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from site_gen.theme.theme import Animation, Theme

COLUMNS = ("percentile_15", "percentile_50", "percentile_85", "accuracy")
STRONG = ("percentile_50", "accuracy")


def percentiles(band: xr.DataArray) -> pd.DataFrame:
    """A row for every step and a column for every percentile, such as `percentile_15`."""
    table = band.transpose("step", "percentile")
    names = [f"percentile_{p}" for p in table["percentile"].values]
    return pd.DataFrame(table.values.astype(float), table["step"].values, names).rename_axis("step")


def training_film(
    data: pd.DataFrame,
    theme: Theme,
    columns: Mapping[str, tuple[str, str]],
    drawing: int,
    hold: int,
    ratio: float,
) -> Animation:
    """Curves that grow with the training step, on a logarithmic scale.

    The input of a sigmoid above, the test accuracy below.

    Parameters
    ----------
    data : DataFrame
        A row for every network and step from 1 on: `network`, `step`, `COLUMNS`.
    theme : Theme
    columns : mapping
        Network → title of its column and condition that gives its colour, from left to right.
    drawing, hold : int
        Frames on which curves grow, and on which the end stands still.
    ratio : float
        Height of the upper row over that of the lower.
    """
    figure, axes = theme.figure(
        rows=2, cols=len(columns), height=4.4, sharex=True, sharey="row", height_ratios=(ratio, 1)
    )
    tables = [data[data["network"] == network].reset_index(drop=True) for network in columns]
    bands, lines = [], []
    for (above, below), (title, condition) in zip(axes.T, columns.values(), strict=True):
        colour = theme.colour(condition)
        bands.append(theme.band(above, [1], [0], [0], colour))
        for name in COLUMNS:
            ax = below if name == "accuracy" else above
            lines += ax.plot([], [], color=colour, linewidth=1.8 if name in STRONG else 0.9)
        above.set_title(title)
        below.set(xlabel="training steps")
    low, high, last = data["percentile_15"].min(), data["percentile_85"].max(), data["step"].max()
    pad = 0.06 * (high - low)
    axes[0, 0].set(xscale="log", xlim=(0.9, 1.1 * last), ylim=(low - pad, high + pad))
    axes[0, 0].set(ylabel="input of the sigmoid")
    axes[1, 0].set(ylabel="accuracy", ylim=(0, 1), yticks=(0, 0.5, 1))

    def update(i: int) -> None:
        step = last ** (min(i + 1, drawing) / drawing)
        for k, table in enumerate(tables):
            curves = {name: until(table, name, step) for name in COLUMNS}
            for line, curve in zip(lines[4 * k : 4 * k + 4], curves.values(), strict=True):
                line.set_data(*curve)
            bands[k].set_data(*curves["percentile_15"], curves["percentile_85"][1])

    return Animation(figure, [*bands, *lines], drawing + hold, update, fps=20, poster=drawing - 1)


def until(table: pd.DataFrame, column: str, step: float) -> tuple[np.ndarray, np.ndarray]:
    """A curve up to a step, or to its end: the readings before it, and the interpolated value."""
    steps, values = table["step"].to_numpy(), table[column].to_numpy()
    step = min(step, steps[-1])
    seen = steps < step
    end = np.interp(np.log(step), np.log(steps), values)
    return np.append(steps[seen], step), np.append(values[seen], end)
