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
    return longest["rate"].values[
        longest["steps_to"].transpose("rate", "run").median("run").values.argmin()
    ]


def alt(data: pd.DataFrame) -> str:
    ends = data[data["step"] == data["step"].max()].set_index("network")["accuracy"]
    half = {
        name: rows["step"].iloc[(rows["accuracy"] > 0.5).argmax()]
        for name, rows in data.groupby("network")
    }
    return (f"Animation over {data['step'].max()} training steps, on a logarithmic scale. Without batch norm the distribution of a sigmoid’s input is a "
            f"thin line that wanders down, and the accuracy passes one half after {half['none']} steps, when the line opens to a band; with batch norm "
            f"it is a wide band from the start, and accuracy passes one half after {half['batch norm']} steps. They end at {ends['none']:.2f} and "
            f"{ends['batch norm']:.2f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"One pair of runs at learning rate ${data['rate'].iloc[0]:g}$: the same initial weights, the same batches. Above: median and the band from the 15th to the "
            f"85th percentile of what enters a typical sigmoid of the last hidden layer. Below: test accuracy. A single pair: an illustration, not a measurement.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme.film import training_film

    columns = {network: (label, network) for network, label in LABELS.items()}
    return training_film(data, theme, columns, DRAWING, HOLD, ratio=2)
