"""Share of saturated units through training, sigmoid and tanh, usual and large weights, with and without batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Batch norm fixes the share of saturated units; it does not make it the smallest"
TAGS = ("saturation", "training", "initialization")
CLAIMS = ("bn-prevents-saturation", "bn-makes-saturating-units-usable")

LINES = {"usual": "-", "large": (0, (4, 2))}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every activation, norm, size of the weights and step: the share of all hidden layers, with its interval."""
    share = results["saturated"].mean("layer")
    tables = []
    for activation in share.activation.values:
        for norm in share.norm.values:
            for size in share["size"].values:
                of = share.sel(activation=activation, norm=norm, size=size).transpose("run", "step")
                centre, low, high = _band(of.values)
                tables.append(
                    pd.DataFrame(
                        {
                            "activation": activation,
                            "norm": norm,
                            "size": size,
                            "step": of.step.values,
                            "saturated": centre,
                            "low": low,
                            "high": high,
                        }
                    )
                )
    return pd.concat(tables, ignore_index=True).assign(runs=results.sizes["run"])


def _band(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over runs, the first axis, and its 95 % interval (Student's t)."""
    mean = values.mean(axis=0)
    half = student.ppf(0.975, len(values) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return mean, mean - half, mean + half


def _end(data: pd.DataFrame, activation: str, norm: str, size: str) -> float:
    rows = data[
        (data["activation"] == activation) & (data["norm"] == norm) & (data["size"] == size)
    ]
    return float(rows.loc[rows["step"].idxmax(), "saturated"])


def alt(data: pd.DataFrame) -> str:
    told = [
        f"{activation}: {_end(data, activation, 'none', 'usual'):.1%} without batch norm at usual weights and "
        f"{_end(data, activation, 'none', 'large'):.0%} at large ones, {_end(data, activation, 'batch norm', 'usual'):.1%} and "
        f"{_end(data, activation, 'batch norm', 'large'):.1%} with it"
        for activation in ("sigmoid", "tanh")
    ]
    return f"Two panels of lines over training steps, the share of saturated units. At the end, {'; '.join(told)}."


def caption(data: pd.DataFrame) -> str:
    return (f"Share of the units of all ten hidden layers whose output is within a twentieth of its range of an end, on test images that "
            f"never change. Mean of {data['runs'].iloc[0]} paired runs with 95 % intervals. Solid: usual weights; dashed: the same weights times a "
            f"large factor.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    names = {"none": "without", "batch norm": "batch norm"}
    for ax, activation in zip(axes, ("sigmoid", "tanh"), strict=True):
        for (norm, size), rows in data[data["activation"] == activation].groupby(["norm", "size"]):
            colour = theme.colour(norm)
            theme.band(ax, rows["step"], rows["low"], rows["high"], colour)
            ax.plot(rows["step"], rows["saturated"], color=colour, linestyle=LINES[size])
        last = data["step"].max()
        for size in LINES:
            y = _end(data, activation, "none", size)
            lower = size == "usual" and activation == "tanh"
            theme.label(ax, last, y, f"{names['none']}, {size}", theme.colour("none"), ha="right",
                        dx=-2, dy=-9 if size == "large" or lower else 8)  # fmt: skip
        if activation == "tanh":
            theme.label(ax, last, _end(data, activation, "batch norm", "usual"), "batch norm, both", theme.colour("batch norm"),
                        ha="right", dx=-2, dy=14)  # fmt: skip
        else:
            theme.label(
                ax,
                last,
                0,
                "batch norm, both",
                theme.colour("batch norm"),
                ha="right",
                dx=-2,
                dy=20,
            )
        ax.set(title=activation, xlabel="training step", ylim=(-0.05, 1))
    axes[0].set_ylabel("share of saturated units")
    return figure
