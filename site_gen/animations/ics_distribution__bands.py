"""The distribution of what enters a typical sigmoid, and the test accuracy, drawn as training goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "Two networks learn the same digits: what enters a sigmoid, with and without batch norm"
TAGS = ("internal covariate shift", "distributions", "training speed")

RUN = 0
LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
DRAWING, HOLD = 80, 20  # frames on which lines grow, and on which the end stands still


def data(results: xr.Dataset) -> pd.DataFrame:
    """Percentiles of the input of a typical sigmoid and the test accuracy of the first run, by network and step."""
    rate = _main_rate(results)
    at = results.sel(rate=rate).isel(run=RUN)
    rows = []
    for norm in LABELS:
        for step in results["step"].values[1:]:
            now = at.sel(norm=norm, step=step)
            band = now["band"].sel(place="sigmoid input")
            rows.append({"network": norm, "step": int(step), "accuracy": float(now["accuracy"])}
                        | {f"percentile_{p}": float(band.sel(percentile=p)) for p in band["percentile"].values})  # fmt: skip
    return pd.DataFrame(rows).assign(rate=rate)


def _main_rate(results: xr.Dataset) -> float:
    """The rate that is trained for the longest, and of several the best for the network without batch norm."""
    plain = results.sel(norm="none").isel(target=0)
    longest = plain.sel(rate=np.isfinite(plain["accuracy"].isel(step=-1, run=0)).values)
    return longest["rate"].values[longest["steps_to"].transpose("rate", "run").median("run").values.argmin()]


def alt(data: pd.DataFrame) -> str:
    ends = data[data["step"] == data["step"].max()].set_index("network")["accuracy"]
    half = {
        name: rows["step"].iloc[(rows["accuracy"] > 0.5).argmax()] for name, rows in data.groupby("network")
    }
    return (f"Animation over {data['step'].max()} training steps, on a logarithmic scale. Without batch norm the distribution of a sigmoid’s input is a "
            f"thin line that wanders down, and the accuracy passes one half after {half['none']} steps, when the line opens to a band; with batch norm "
            f"it is a wide band from the start, and accuracy passes one half after {half['batch norm']} steps. They end at {ends['none']:.2f} and "
            f"{ends['batch norm']:.2f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"One pair of runs at learning rate ${data['rate'].iloc[0]:g}$: the same initial weights, the same batches. Above: median and the band from the 15th to the "
            f"85th percentile of what enters a typical sigmoid of the last hidden layer. Below: test accuracy. A single pair: an illustration, not a measurement.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme import Animation

    figure, axes = theme.figure(rows=2, cols=2, height=4.4, sharex=True, sharey="row", height_ratios=(2, 1))
    tables = {network: data[data["network"] == network].reset_index(drop=True) for network in LABELS}
    bands, lines = [], []
    columns = ("percentile_15", "percentile_50", "percentile_85", "accuracy")
    for (above, below), (network, label) in zip(axes.T, LABELS.items(), strict=True):
        colour = theme.colour(network)
        bands.append(theme.band(above, [1], [0], [0], colour))
        for column in columns:
            ax = below if column == "accuracy" else above
            lines += ax.plot(
                [], [], color=colour, linewidth=1.8 if column in ("percentile_50", "accuracy") else 0.9
            )
        above.set_title(label)
        below.set(xlabel="training steps", ylim=(0, 1))
    low, high = data["percentile_15"].min(), data["percentile_85"].max()
    pad = 0.06 * (high - low)
    axes[0, 0].set(
        xscale="log",
        xlim=(0.9, 1.1 * data["step"].max()),
        ylim=(low - pad, high + pad),
        ylabel="input of the sigmoid",
    )
    axes[1, 0].set(ylabel="accuracy", yticks=(0, 0.5, 1))

    def until(table: pd.DataFrame, column: str, step: float) -> tuple[np.ndarray, np.ndarray]:
        """The curve up to a step: all readings before it, and the place on the straight line to the next."""
        steps, values = table["step"].to_numpy(), table[column].to_numpy()
        seen = steps < step
        end = np.interp(np.log(step), np.log(steps), values)
        return np.append(steps[seen], step), np.append(values[seen], end)

    def update(i: int) -> None:
        step = data["step"].max() ** (min(i + 1, DRAWING) / DRAWING)
        for k, table in enumerate(tables.values()):
            for line, column in zip(lines[4 * k : 4 * k + 4], columns, strict=True):
                line.set_data(*until(table, column, step))
            steps, lower = until(table, "percentile_15", step)
            bands[k].set_data(steps, lower, until(table, "percentile_85", step)[1])

    return Animation(figure, [*bands, *lines], DRAWING + HOLD, update, fps=20, poster=DRAWING - 1)
