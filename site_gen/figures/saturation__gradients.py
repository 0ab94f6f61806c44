"""The gradient of the first layer's weights in parts of that of the last hidden layer, through training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Ten sigmoids deep, the first layer gets a millionth of the gradient; with batch norm, as much as the last"
TAGS = ("saturation", "gradients", "depth")
CLAIMS = ("ten-layers-keep-their-gradient", "deep-sigmoids-vanish")

LINES = {"usual": "-", "large": (0, (4, 2))}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every activation, norm, size of the weights and step: geometric mean of the ratio over runs, with its interval."""
    lengths = results["gradient"]
    log = np.log(lengths.isel(layer=0, drop=True) / lengths.isel(layer=-1, drop=True))
    tables = []
    for activation in log.activation.values:
        for norm in log.norm.values:
            for size in log["size"].values:
                of = log.sel(activation=activation, norm=norm, size=size).transpose("run", "step")
                centre, low, high = np.exp(_band(of.values))
                tables.append(
                    pd.DataFrame(
                        {
                            "activation": activation,
                            "norm": norm,
                            "size": size,
                            "step": of.step.values,
                            "ratio": centre,
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


def _start(data: pd.DataFrame, activation: str, norm: str, size: str = "usual") -> float:
    rows = data[
        (data["activation"] == activation) & (data["norm"] == norm) & (data["size"] == size)
    ]
    return float(rows.loc[rows["step"].idxmin(), "ratio"])


def alt(data: pd.DataFrame) -> str:
    return (f"Two panels of lines over training steps, on a logarithmic scale: the length of the first layer's gradient over the tenth's. At the "
            f"start with usual weights, sigmoid: {_start(data, 'sigmoid', 'none'):.1g} without batch norm and "
            f"{_start(data, 'sigmoid', 'batch norm'):.1f} with it; tanh: {_start(data, 'tanh', 'none'):.1f} and "
            f"{_start(data, 'tanh', 'batch norm'):.1f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"$\\lVert\\partial L/\\partial W_1\\rVert / \\lVert\\partial L/\\partial W_{{10}}\\rVert$ on the training batch. Geometric mean of "
            f"{data['runs'].iloc[0]} paired runs with 95 % intervals. Solid: usual weights; dashed: the same weights times a large factor. "
            f"At the dotted line the two layers get gradients of the same length.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    for ax, activation in zip(axes, ("sigmoid", "tanh"), strict=True):
        ax.axhline(1, color=theme.colour("theory"), linewidth=1, linestyle=":", zorder=1.8)
        for (norm, size), rows in data[data["activation"] == activation].groupby(["norm", "size"]):
            colour = theme.colour(norm)
            theme.band(ax, rows["step"], rows["low"], rows["high"], colour)
            ax.plot(rows["step"], rows["ratio"], color=colour, linestyle=LINES[size])
        ax.set(title=activation, xlabel="training step", yscale="log")
    axes[0].set_ylabel("first layer’s gradient / tenth layer’s")
    middle = data["step"].max() * 0.45
    for size in LINES:
        rows = data[
            (data["activation"] == "sigmoid") & (data["norm"] == "none") & (data["size"] == size)
        ]
        y = float(np.exp(np.interp(middle, rows["step"], np.log(rows["ratio"]))))
        theme.label(axes[0], middle, y, f"without, {size} weights", theme.colour("none"), ha="center", dx=0, dy=-14 if size == "large" else 12)  # fmt: skip
    theme.label(
        axes[0], middle, 1, "batch norm, both", theme.colour("batch norm"), ha="center", dx=0, dy=24
    )
    theme.label(
        axes[1],
        middle,
        1,
        "with and without: none vanishes",
        theme.ink,
        ha="center",
        dx=0,
        dy=-16,
        weight="normal",
    )
    return figure
