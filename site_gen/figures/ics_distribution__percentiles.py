"""Percentiles of what enters a typical sigmoid of the last hidden layer, through training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Without batch norm the distribution is thin and wanders before it spreads"
TAGS = ("internal covariate shift", "distributions", "sigmoid")

RUN = 0
LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Percentiles of the input of a typical sigmoid in the first run, by network and step, at the rate of the main comparison."""
    rate = _main_rate(results)
    band = results["band"].sel(rate=rate, place="sigmoid input", run=RUN)
    rows = [
        {"network": norm, "step": int(step)}
        | {f"percentile_{p}": float(band.sel(norm=norm, step=step, percentile=p)) for p in band["percentile"].values}
        for norm in LABELS for step in band["step"].values
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(rate=rate)


def _main_rate(results: xr.Dataset) -> float:
    """The rate that is trained for the longest, and of several the best for the network without batch norm."""
    plain = results.sel(norm="none").isel(target=0)
    longest = plain.sel(rate=np.isfinite(plain["accuracy"].isel(step=-1, run=0)).values)
    return longest["rate"].values[
        longest["steps_to"].transpose("rate", "run").median("run").values.argmin()
    ]


def _widths(data: pd.DataFrame) -> dict[str, np.ndarray]:
    return {
        name: (rows["percentile_85"] - rows["percentile_15"]).to_numpy()
        for name, rows in data.groupby("network")
    }


def alt(data: pd.DataFrame) -> str:
    width = _widths(data)
    return (f"Bands from the 15th to the 85th percentile over training steps. Without batch norm the band starts {width['none'][0]:.2f} wide, moves up and "
            f"down as a whole and opens to {width['none'][-1]:.1f}; with batch norm it starts {width['batch norm'][0]:.1f} wide, stays around 0 "
            f"and ends {width['batch norm'][-1]:.1f} wide.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"What enters one sigmoid of the last hidden layer, over a fixed probe of test images: median and the band from the 15th to the 85th percentile, "
            f"at learning rate ${data['rate'].iloc[0]:g}$. The unit is the one whose distribution travels the median distance in its layer, in the first "
            f"of the runs. After Figure 1 of Ioffe & Szegedy (2015); their learning rate is not stated.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    for ax, (network, label) in zip(axes, LABELS.items(), strict=True):
        rows, colour = (
            data[(data["network"] == network) & (data["step"] > 0)],
            theme.colour(network),
        )
        theme.band(ax, rows["step"], rows["percentile_15"], rows["percentile_85"], colour)
        for percentile in (15, 50, 85):
            ax.plot(
                rows["step"],
                rows[f"percentile_{percentile}"],
                color=colour,
                linewidth=1.8 if percentile == 50 else 0.9,
            )
            theme.label(ax, rows["step"].iloc[-1], rows[f"percentile_{percentile}"].iloc[-1], f"{percentile} %", colour,
                        weight="normal")  # fmt: skip
        ax.set(xscale="log", xlabel="training steps", title=label)
    axes[0].set_ylabel("input of the sigmoid")
    return figure
