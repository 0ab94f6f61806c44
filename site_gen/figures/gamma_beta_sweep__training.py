"""Final training loss by the values from which γ and β start, on two tasks, frozen and trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The start at γ = 1, β = 0 is not the best, and training γ and β mends much but not all"
TAGS = ("γ and β", "training", "initialization")
CLAIMS = (
    "one-zero-is-the-best-start",
    "moderate-gamma-trains-best",
    "normalizing-confines-sigmoids",
    "zero-gamma-never-learns",
)

PANELS = {"frozen": "γ and β frozen", "trained": "γ and β trained"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Mean final training loss and test accuracy over runs, by task, treatment of γ and β, and their start."""
    names = {"loss": "loss", "training_accuracy": "accuracy"}
    table = results[list(names)].mean("run").to_dataframe().reset_index().rename(columns=names)
    order = {"spirals": 0, "digits": 1}
    return (
        table.assign(runs=results.sizes["run"])
        .sort_values(["task", "affine", "gamma", "beta"], key=lambda column: column.map(order) if column.name == "task" else column)
        .reset_index(drop=True)
    )  # fmt: skip


def _at(data: pd.DataFrame, task: str, affine: str, gamma: float, beta: float) -> float:
    rows = data[
        (data["task"] == task)
        & (data["affine"] == affine)
        & (data["gamma"] == gamma)
        & (data["beta"] == beta)
    ]
    return rows["loss"].item()


def _best(data: pd.DataFrame, task: str) -> pd.Series:
    rows = data[(data["task"] == task) & (data["affine"] == "trained")]
    return rows.loc[rows["loss"].idxmin()]


def alt(data: pd.DataFrame) -> str:
    told = []
    for task in data["task"].unique():
        best = _best(data, task)
        told.append(f"on the {task} the loss from (1, 0) is {_at(data, task, 'frozen', 1, 0):.2f} frozen and {_at(data, task, 'trained', 1, 0):.2f} trained, "
                    f"and the lowest is {best['loss']:.2f}, trained from ({best['gamma']:g}, {best['beta']:g})")  # fmt: skip
    return (
        "Four heat maps of the final loss over γ and β at the start. "
        + "; ".join(told).capitalize()
        + "."
    ).replace("-", "−")


def caption(data: pd.DataFrame) -> str:
    return (f"Final training loss (nats) from every start of the grid, mean of {data['runs'].iloc[0]} paired runs; the further a cell’s colour is "
            f"from the paper’s, the higher the loss, on one scale for each task. Three layers of sigmoids with batch norm, on two spirals and on MNIST-5k shrunk to $7\\times 7$ pixels. The frame marks the usual "
            f"start.")  # fmt: skip


def _legible(theme: Theme, colour: tuple[float, ...]) -> str:
    """Whichever of ink and paper has more contrast to a colour, by the luminance of the WCAG."""
    from matplotlib.colors import to_rgb

    def luminance(rgb: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb[:3]]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    cell = luminance(colour)
    contrast = {}
    for text in (theme.ink, theme.paper):
        low, high = sorted((cell, luminance(to_rgb(text))))
        contrast[text] = (high + 0.05) / (low + 0.05)
    return max(contrast, key=contrast.__getitem__)


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle

    tasks = list(data["task"].unique())
    figure, axes = theme.figure(
        rows=len(tasks), cols=2, height=6.0, sharex=True, sharey=True, squeeze=False
    )
    for line, task in zip(axes, tasks, strict=True):
        of_task = data[data["task"] == task]
        norm = LogNorm(of_task["loss"].min(), of_task["loss"].max())
        for ax, (affine, title) in zip(line, PANELS.items(), strict=True):
            grid = of_task[of_task["affine"] == affine].pivot(
                index="gamma", columns="beta", values="loss"
            )
            ax.imshow(grid, cmap=theme.cmap, norm=norm, origin="lower", aspect="auto")
            for (row, column), loss in np.ndenumerate(grid.to_numpy()):
                ax.text(
                    column,
                    row,
                    f"{loss:.2f}",
                    ha="center",
                    va="center",
                    color=_legible(theme, theme.cmap(norm(loss))),
                )
            usual = list(grid.columns).index(0.0), list(grid.index).index(1.0)
            ax.add_patch(
                Rectangle(
                    (usual[0] - 0.47, usual[1] - 0.46),
                    0.94,
                    0.92,
                    fill=False,
                    edgecolor=theme.ink,
                    linewidth=1.6,
                )
            )
            ax.set_xticks(
                range(len(grid.columns)), [f"{beta:g}".replace("-", "−") for beta in grid.columns]
            )
            ax.set_yticks(range(len(grid.index)), [f"{gamma:g}" for gamma in grid.index])
            ax.set_title(f"final loss, {task}, {title}")
            ax.grid(False)
            ax.spines[:].set_visible(False)
            ax.tick_params(length=0)
        line[0].set_ylabel("γ at the start")
    for ax in axes[-1]:
        ax.set_xlabel("β at the start")
    return figure
