"""Test accuracy through training with and without batch norm, with and without noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme


TITLE = "With noise at every step batch norm still learns in a fraction of the steps"
TAGS = ("noise", "training speed", "internal covariate shift")

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Mean accuracy with its interval over runs, by network, size of the noise and step."""
    rows = []
    for norm in LABELS:
        for size in results["size"].values:
            at = results["accuracy"].sel(norm=norm, size=size)
            for step in at["step"].values[np.isfinite(at.isel(run=0)).values]:
                values = at.sel(step=step).values
                half = (
                    student.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
                )
                rows.append({"network": norm, "size": float(size), "step": int(step), "accuracy": values.mean(), "low": values.mean() - half,
                             "high": values.mean() + half, "runs": values.size})  # fmt: skip
    return pd.DataFrame(rows)


def _ends(data: pd.DataFrame) -> pd.Series:
    return data.groupby(["network", "size"], sort=False)["accuracy"].last()


def alt(data: pd.DataFrame) -> str:
    told = [
        f"{LABELS[network]} {value:.2f} {'without noise' if size == 0 else f'with noise of size {size:g}'}"
        for (network, size), value in _ends(data).items()
    ]
    return f"Test accuracy against training steps; each line ends where its training does. The last values: {', '.join(told)}."


def caption(data: pd.DataFrame) -> str:
    return (f"Accuracy on the same test images, in inference mode, so without noise. Means of {data['runs'].iloc[0]} runs with 95 % bands; solid without noise, the more broken "
            f"the larger the noise. Networks with batch norm are trained for {data.loc[data['network'] == 'batch norm', 'step'].max()} steps, that without for "
            f"{data['step'].max()}, and that without but with noise for {data.loc[(data['network'] == 'none') & (data['size'] > 0), 'step'].max()}.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.8, sharey=True)
    styles = dict(zip(sorted(data["size"].unique()), ("-", "--", "-.", ":"), strict=False))
    for ax, (network, label) in zip(axes, LABELS.items(), strict=True):
        for size, rows in data[(data["network"] == network) & (data["step"] > 0)].groupby("size"):
            theme.band(ax, rows["step"], rows["low"], rows["high"], theme.colour(network))
            ax.plot(
                rows["step"],
                rows["accuracy"],
                color=theme.colour(network),
                linestyle=styles[size],
                label="no noise" if size == 0 else f"noise {size:g}",
            )
        ax.set(
            xscale="log", xlabel="training steps", title=label, xlim=(0.9, 1.1 * data["step"].max())
        )
        ax.legend(
            loc="upper left" if network == "none" else "lower right",
            frameon=False,
            handlelength=3.2,
        )
    axes[0].set(ylabel="test accuracy", ylim=(0, 1))
    return figure
