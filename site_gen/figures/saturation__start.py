"""The squared gradient by layer before training, with and without batch norm, and what is predicted for wide layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Without batch norm the slope decides whether gradients vanish; with it they grow"
TAGS = ("saturation", "gradients", "initialization")
CLAIMS = ("every-curve-makes-gradients-grow", "vanishing-has-a-rate")

MARKS = {"usual": "o", "large": "D"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every activation, norm, size of the weights and layer: geometric mean over runs, and the prediction."""
    square = np.exp(np.log(results["square"]).mean("run")).to_dataframe(name="square").reset_index()
    theory = results["predicted_square"].to_dataframe(name="theory").reset_index()
    table = square.merge(theory, on=["activation", "norm", "size", "layer"])
    order = ["activation", "norm", "size", "layer"]
    return (
        table[[*order, "square", "theory"]]
        .sort_values(order)
        .assign(runs=results.sizes["run"])
        .reset_index(drop=True)
    )


def _first(data: pd.DataFrame, activation: str, norm: str, size: str = "usual") -> float:
    rows = data[
        (data["activation"] == activation) & (data["norm"] == norm) & (data["size"] == size)
    ]
    return float(rows.loc[rows["layer"].idxmin(), "square"])


def alt(data: pd.DataFrame) -> str:
    told = [
        f"{activation}, {_first(data, activation, 'none'):.1g} times the last layer's without batch norm and "
        f"{_first(data, activation, 'batch norm'):.1f} times with it"
        for activation in ("sigmoid", "tanh")
    ]
    return f"Two panels, squared gradient by layer on a logarithmic scale. In the first layer, usual weights: {'; '.join(told)}."


def caption(data: pd.DataFrame) -> str:
    return (f"$\\lVert\\partial L/\\partial z\\rVert^2$ before training, over that of the last hidden layer; wide layers, large batches of digits, "
            f"geometric mean of {data['runs'].iloc[0]} runs. Circles: usual weights; diamonds: large ones (with batch norm on top of the circles). "
            f"Thin lines: predicted for wide layers; for batch norm also for inputs that fill all directions, which digits do not, and "
            f"the growth is faster.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    for ax, activation in zip(axes, ("sigmoid", "tanh"), strict=True):
        for (norm, size), rows in data[data["activation"] == activation].groupby(["norm", "size"]):
            ax.plot(rows["layer"], rows["theory"], color=theme.colour("theory"), linewidth=1)
            ax.plot(
                rows["layer"],
                rows["square"],
                MARKS[size],
                color=theme.colour(norm),
                linestyle="none",
            )
        ax.set(
            title=activation,
            xlabel="layer",
            yscale="log",
            xticks=range(1, int(data["layer"].max()) + 1),
        )
    axes[0].set_ylabel("‖∂L/∂z‖² / that of the last layer")
    for ax, activation, norm, size, above, dx, dy in (
        (axes[0], "sigmoid", "none", "usual", 3, 10, -4), (axes[0], "sigmoid", "none", "large", 1, 2, -13),
        (axes[0], "sigmoid", "batch norm", "usual", 3, 0, 12), (axes[1], "tanh", "none", "usual", 3, 0, -14),
        (axes[1], "tanh", "none", "large", 3, 4, 12), (axes[1], "tanh", "batch norm", "usual", 3, -24, 11),
    ):  # fmt: skip
        at = data["layer"].min() + above
        rows = data[
            (data["activation"] == activation) & (data["norm"] == norm) & (data["size"] == size)
        ]
        name = "batch norm" if norm == "batch norm" else f"without, {size}"
        theme.label(
            ax,
            at,
            float(rows.loc[rows["layer"] == at, "square"].iloc[0]),
            name,
            theme.colour(norm),
            dx=dx,
            dy=dy,
        )
    return figure
