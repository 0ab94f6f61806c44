"""Inputs against what comes back, for three batch sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "What comes back after normalizing and undoing depends on the batch"
TAGS = ("gamma and beta", "batch size")
CLAIMS = ("large-values-are-destroyed",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every batch size and sample: the input and what comes back."""
    table = results[["pair_input", "pair_output"]].to_dataframe().reset_index()
    table = table.rename(
        columns={"pair_batch": "batch", "pair_input": "input", "pair_output": "output"}
    )
    return table.sort_values(["batch", "sample"], ignore_index=True)[
        ["batch", "sample", "input", "output"]
    ]


def _error(data: pd.DataFrame) -> pd.Series:
    return (data["output"] - data["input"]).pow(2).groupby(data["batch"]).mean()


def alt(data: pd.DataFrame) -> str:
    error = _error(data)
    first, last = error.index[0], error.index[-1]
    levels = data.loc[data["batch"] == first, "output"].round(6).nunique()
    return (f"Three scatter plots of outputs against inputs. In batches of {first} all points lie at {levels} heights; in batches of "
            f"{error.index[1]} they form a cloud around the diagonal; in batches of {last} they lie close to it, with a squared error of "
            f"{error.iloc[-1]:.3f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    texts = ", ".join(f"{error:.2f} ($m = {m}$)" for m, error in _error(data).items())
    return (f"The same {data['sample'].nunique()} Gaussian numbers, cut into batches of three sizes, normalized and undone with "
            f"$\\gamma = \\sigma$, $\\beta = \\mu$. On the diagonal nothing would be lost. Squared error of these points, over the variance: "
            f"{texts}. One draw: an illustration.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    groups = list(data.groupby("batch"))
    figure, axes = theme.figure(cols=len(groups), height=3.1, sharex=True, sharey=True)
    reach = 0.3 + np.abs(data[["input", "output"]].to_numpy()).max()
    for ax, (m, rows) in zip(axes, groups, strict=True):
        ax.plot(
            [-reach, reach], [-reach, reach], color=theme.colour("theory"), linewidth=1, zorder=1.9
        )
        ax.plot(rows["input"], rows["output"], "o", color=theme.colour("batch norm"), alpha=0.5)
        ax.set(
            title=f"m = {m}",
            xlim=(-reach, reach),
            ylim=(-reach, reach),
            xticks=range(-3, 4),
            yticks=range(-3, 4),
        )
        ax.set_aspect("equal")
    axes[len(groups) // 2].set_xlabel("input, standard deviations from the mean")
    axes[0].set_ylabel("normalized and undone")
    return figure
