"""The turn of the gradients against the training loss, where both networks are equally far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Where both networks are equally far, gradients turn less with batch norm"
TAGS = ("internal covariate shift", "gradients", "training speed")

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
CASE = "sigmoids, main rate"


def data(results: xr.Dataset) -> pd.DataFrame:
    """Training loss and cosine, mean over layers, of every run at every reading of the main rate."""
    rows = []
    for norm in LABELS:
        at = results.sel(case=CASE, norm=norm)
        at = at.sel(step=at["loss"].notnull().any("run"))
        cosine = at["cosine"].mean("layer")
        rows += [{"network": norm, "step": int(step), "run": int(run), "loss": float(at["loss"].sel(step=step, run=run)),
                  "cosine": float(cosine.sel(step=step, run=run))} for step in at["step"].values for run in at["run"].values]  # fmt: skip
    return pd.DataFrame(rows)


def _learning(data: pd.DataFrame) -> pd.Series:
    return data[data["loss"].between(0.4, 1.6)].groupby("network")["cosine"].median()


def alt(data: pd.DataFrame) -> str:
    middle = _learning(data)
    told = " and ".join(f"{value:.2f} {LABELS[network]}" for network, value in middle.items())
    return f"Scatter of the mean cosine of gradients against training loss, every run at every reading. For losses from 0.4 to 1.6 the medians are {told}."


def caption(data: pd.DataFrame) -> str:
    return (f"Each dot is one of {data['run'].nunique()} runs at one reading, at the main rate: the cosine of gradients before and after, mean over layers, against the loss of the "
            f"training batch. Training goes from left to right, as the loss falls. Shaded, the window in which networks are compared, $0.4$ to $1.6$ nats.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=4.0)
    ax.axvspan(0.4, 1.6, color=theme.grid, linewidth=0, zorder=0)
    for network in LABELS:
        rows = data[data["network"] == network]
        ax.plot(
            rows["loss"],
            rows["cosine"],
            "o",
            color=theme.colour(network),
            alpha=0.45,
            markersize=3.5,
        )
    ax.set(
        xscale="log",
        xlabel="loss of the training batch, falling to the right",
        ylabel="cosine of the two gradients, mean of layers",
    )
    ax.set_xlim(1.1 * data["loss"].max(), 0.9 * data["loss"].min())
    ticks = [
        tick
        for tick in (0.03, 0.1, 0.3, 1, 3, 10)
        if data["loss"].min() < tick < data["loss"].max()
    ]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    for network, y in (("none", 0.13), ("batch norm", 0.06)):
        theme.label(
            ax, 0.02, y, LABELS[network], theme.colour(network), transform="axes fraction", dx=0
        )
    return figure
