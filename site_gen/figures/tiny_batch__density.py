"""How normalized values are distributed, batch size by batch size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "In batches of four, every normalized value up to √3 is equally likely"
TAGS = ("transform", "batch size", "distribution")
CLAIMS = ("normalized-is-gaussian", "normalized-distribution-is-known")

SHOWN = (2, 3, 4, 5, 8, 64)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every shown batch size and bin: measured density, the closed form's and the standard normal's, averaged over
    the bin."""  # fmt: skip
    return pd.concat(
        pd.DataFrame({"batch": m, "value": results["bin"].values, "density": results["histogram"].sel(batch=m).values,
                      "theory": results["histogram_theory"].sel(batch=m).values,
                      "gaussian": results["histogram_gaussian"].values, "runs": results.sizes["run"]})
        for m in SHOWN
    ).reset_index(drop=True)  # fmt: skip


def _inside(data: pd.DataFrame, batch: int) -> pd.Series:
    """The bins that lie wholly between the bounds."""
    rows = data[data["batch"] == batch]
    width = rows["value"].iloc[1] - rows["value"].iloc[0]
    return rows.loc[rows["value"].abs() + width / 2 <= np.sqrt(batch - 1), "density"]


def alt(data: pd.DataFrame) -> str:
    four, last = _inside(data, 4), data[data["batch"] == SHOWN[-1]]
    return (f"Six histograms of normalized values. Batches of 2: two spikes at −1 and 1; of 3: a bowl; of 4: a box with density {four.mean():.2f} "
            f"between −{np.sqrt(3):.2f} and {np.sqrt(3):.2f}; of 5: a dome; of 8: a bell with cut tails; of {SHOWN[-1]}: nearly the standard normal "
            f"density, {last['density'].max():.2f} at its top.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    known = data[data["batch"] > 2]
    off = (known["density"] - known["theory"]).abs().groupby(known["batch"]).mean().max()
    return (f"Areas: normalized values of random Gaussian batches, {data['runs'].iloc[0]} runs together. Lines: the closed form, at most {off:.3f} "
            f"away on average over a panel; dashed: the standard normal density. The axes end at 1, where the spikes of $m = 2$ and "
            f"the walls of $m = 3$ go on.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(rows=2, cols=3, height=4.4, sharex=True, sharey=True)
    for ax, (m, rows) in zip(axes.flat, data.groupby("batch"), strict=True):
        value, width = rows["value"].to_numpy(), rows["value"].iloc[1] - rows["value"].iloc[0]
        edges = np.append(value - width / 2, value[-1] + width / 2)
        ax.stairs(rows["density"], edges, fill=True, color=theme.colour("batch norm"), alpha=0.35)
        ax.plot(value, rows["gaussian"], color=theme.muted, linewidth=1, linestyle="--")
        ax.plot(value, rows["theory"], color=theme.colour("theory"), linewidth=1.2)
        ax.set(title=f"m = {m}", xlim=(-4, 4), ylim=(0, 1), xticks=range(-4, 5, 2))
    for ax in axes[-1]:
        ax.set_xlabel("normalized value x̂")
    for ax in axes[:, 0]:
        ax.set_ylabel("density")
    return figure
