"""Test accuracy after training by the size of the first weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With batch norm small weights learn as well as He’s, and large ones slowly"
TAGS = ("initialization", "learning rates", "training")
CLAIMS = (
    "bn-less-sensitive-to-initialization",
    "plain-needs-the-right-size",
    "size-does-not-matter-with-bn",
)

STYLES = {"none": ("none", "-", "o"), "batch norm": ("batch norm", "-", "o"), "batch norm, rate × k²": ("batch norm", (0, (4, 2)), "D")}  # fmt: skip


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition and size: mean test accuracy at the end with its interval, and the share of runs that diverged."""
    tables = []
    for condition in STYLES:
        of = results.sel(condition=condition).isel(step=-1).transpose("run", "factor", ...)
        centre, low, high = _band(of["accuracy"].values)
        tables.append(
            pd.DataFrame(
                {
                    "condition": condition,
                    "factor": of["factor"].values,
                    "accuracy": centre,
                    "low": low,
                    "high": high,
                    "diverged": of["diverged"].mean("run").values,
                }
            )
        )
    return pd.concat(tables, ignore_index=True).assign(
        runs=results.sizes["run"], steps=int(results["step"][-1])
    )


def _band(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over runs, the first axis, and its 95 % interval (Student's t)."""
    mean = values.mean(axis=0)
    half = student.ppf(0.975, len(values) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return mean, mean - half, mean + half


def _at(data: pd.DataFrame, condition: str, factor: float) -> float:
    return float(
        data[(data["condition"] == condition) & (data["factor"] == factor)]["accuracy"].iloc[0]
    )


def alt(data: pd.DataFrame) -> str:
    low, high = data["factor"].min(), data["factor"].max()
    told = [
        f"{condition}: {_at(data, condition, low):.0%}, {_at(data, condition, 1.0):.0%} and {_at(data, condition, high):.0%}"
        for condition in STYLES
    ]
    return (f"Lines of test accuracy after {data['steps'].iloc[0]} steps over the size of the first weights, k times He's. At k = {low:g}, 1 and "
            f"{high:g}; {'; '.join(told)}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    plain = data[(data["condition"] == "none") & (data["diverged"] > 0)]
    gone = ", ".join(f"{row.diverged:.0%} at $k = {row.factor:g}$" for row in plain.itertuples())
    lost = f"Runs whose loss became infinite count with the accuracy of guessing: without batch norm {gone}, with it none." if gone and not data[data["condition"] != "none"]["diverged"].any() else ""  # fmt: skip
    return (f"Test accuracy after {data['steps'].iloc[0]} steps from $k$ times He's hidden weights; mean of {data['runs'].iloc[0]} paired runs with "
            f"95 % intervals. Dashed: the rate of the hidden weights is multiplied by $k^2$, which keeps rate over squared length "
            f"fixed. {lost}".rstrip())  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
    for condition, (key, line, mark) in STYLES.items():
        rows = data[data["condition"] == condition]
        theme.band(ax, rows["factor"], rows["low"], rows["high"], theme.colour(key))
        ax.plot(
            rows["factor"], rows["accuracy"], color=theme.colour(key), linestyle=line, marker=mark
        )
    theme.label(ax, 100, _at(data, "batch norm, rate × k²", 100), "batch norm, rate × k²", theme.colour("batch norm"), ha="right", dx=4, dy=13)  # fmt: skip
    theme.label(ax, 100, _at(data, "batch norm", 100), "batch norm", theme.colour("batch norm"), ha="right", dx=4, dy=-13)  # fmt: skip
    theme.label(
        ax, 100, _at(data, "none", 100), "without", theme.colour("none"), ha="right", dx=4, dy=13
    )
    ax.set(
        xscale="log",
        xlabel="k, size of the first weights over He’s",
        ylabel="test accuracy",
        ylim=(0, 1),
    )
    ax.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    return figure
