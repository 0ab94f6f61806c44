"""Final training loss by the values from which γ and β start, on two tasks, frozen and trained."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle

from experiments.results import rows
from experiments.studies.gamma_beta_training import AFFINE, TASKS

TITLE = "The start at γ = 1, β = 0 is not the best, and training γ and β mends much but not all"
TAGS = ("γ and β", "training", "initialization")
CLAIMS = (
    "one-zero-is-the-best-start",
    "moderate-gamma-trains-best",
    "normalizing-confines-sigmoids",
    "zero-gamma-never-learns",
)
ID = "gamma-beta-sweep-training"


def data(results):
    """Mean loss and test accuracy at the end, by task, treatment of γ and β, and their start."""
    means = results.sel(task=list(TASKS), affine=list(AFFINE)).mean("run")
    table = rows(means["loss"], accuracy=means["training_accuracy"])
    return table.assign(runs=results.sizes["run"])


def alt(data):
    said = []
    for task, of in data.groupby("task", sort=False):
        loss = of.set_index(["affine", "gamma", "beta"])["loss"]
        trained, (gamma, beta) = loss["trained"], loss["trained"].idxmin()
        said.append(
            f"on the {task} the loss from (1, 0) is {loss['frozen', 1, 0]:.2f} frozen and "
            f"{trained[1, 0]:.2f} trained, and the lowest is {trained.min():.2f}, trained "
            f"from ({gamma:g}, {beta:g})".replace("-", "−")
        )
    told = "; ".join(said).capitalize()
    return f"Four heat maps of the final loss over γ and β at the start. {told}."


def caption(data):
    return f"""Final training loss (nats) from every start of the grid, mean of
    {data["runs"].iloc[0]} paired runs; the further a cell’s colour is from the paper’s, the higher
    the loss, on one scale for each task. Three layers of sigmoids with batch norm, on two spirals
    and on MNIST-5k shrunk to $7\\times 7$ pixels. The frame marks the usual start."""


def draw(data, theme):
    figure, axes = theme.figure(rows=2, cols=2, height=6.0, sharex=True, sharey=True)
    for line, (task, some) in zip(axes, data.groupby("task", sort=False), strict=True):
        norm = LogNorm(some["loss"].min(), some["loss"].max())
        for ax, (affine, of) in zip(line, some.groupby("affine", sort=False), strict=True):
            _map(ax, of.pivot(index="gamma", columns="beta", values="loss"), norm, theme)
            ax.set_title(f"final loss, {task}, γ and β {affine}")
        line[0].set_ylabel("γ at the start")
    for ax in axes[-1]:
        ax.set_xlabel("β at the start")
    return figure


def _map(ax, grid, norm, theme):
    """A coloured cell for each start, with its loss, and a frame around (1, 0)."""
    ax.imshow(grid, cmap=theme.cmap, norm=norm, origin="lower", aspect="auto")
    for (row, column), loss in np.ndenumerate(grid.to_numpy()):
        colour = theme.legible(theme.cmap(norm(loss)))
        ax.text(column, row, f"{loss:.2f}", ha="center", va="center", color=colour)
    column, row = grid.columns.get_loc(0.0), grid.index.get_loc(1.0)
    frame = {"fill": False, "edgecolor": theme.ink, "linewidth": 1.6}
    ax.add_patch(Rectangle((column - 0.47, row - 0.46), 0.94, 0.92, **frame))
    betas = [f"{beta:g}".replace("-", "−") for beta in grid.columns]
    ax.set_xticks(range(len(betas)), betas)
    ax.set_yticks(range(len(grid)), [f"{gamma:g}" for gamma in grid.index])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
