"""What ε lets through of the gradient that would stretch the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Below √ε the gradient that stretches a batch gets through"
TAGS = ("transform", "gradients", "epsilon")
CLAIMS = ("position-and-scale-get-no-gradient",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every ε and input standard deviation: the median over runs with the extremes, and the closed form."""
    share = results["stretch_share"]
    table = share.median("run").to_dataframe(name="share").reset_index()
    for column, part in (
        ("lowest", share.min("run")),
        ("highest", share.max("run")),
        ("theory", results["stretch_share_theory"]),
    ):
        table = table.merge(part.to_dataframe(name=column).reset_index())
    table = table.rename(columns={"sigma": "input_std"}).assign(runs=results.sizes["run"])
    return table.sort_values(["eps", "input_std"], ignore_index=True)


def _at(data: pd.DataFrame, eps: float, sigma: float) -> float:
    rows = data[np.isclose(data["eps"], eps)]
    return rows.loc[(np.log(rows["input_std"]) - np.log(sigma)).abs().idxmin(), "share"]


def alt(data: pd.DataFrame) -> str:
    return (f"Two curves fall from 1 to 0 as the input’s standard deviation grows, one around √ε = 0.003, one around 0.03; at an input of 0.01 they "
            f"stand at {_at(data, 1e-5, 0.01):.3f} (ε = 1e-5) and {_at(data, 1e-3, 0.01):.3f} (ε = 1e-3).")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    error = np.abs(data[["lowest", "highest"]].sub(data["theory"], axis=0)).max().max()
    return (f"Factor by which the backward pass multiplies a gradient along $\\hat x$, over the factor for the $m - 2$ directions that it keeps. Points: "
            f"{data['runs'].iloc[0]} random batches each, which agree; lines: $\\varepsilon/(\\sigma^2+\\varepsilon)$, at most {error:.0e} away. At "
            f"$\\sigma = \\sqrt{{\\varepsilon}}$ one half gets through.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.4)
    curves = list(data.groupby("eps"))
    names = {1e-5: "PyTorch, Flax: ε = 1e-5", 1e-3: "Keras: ε = 1e-3"}
    for k, ((eps, rows), colour) in enumerate(
        zip(curves, theme.sequence(len(curves)), strict=True)
    ):
        a_decade = round(
            (len(rows) - 1) / np.log10(rows["input_std"].max() / rows["input_std"].min())
        )
        ax.plot(
            rows["input_std"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
        )
        ax.plot(
            rows["input_std"], rows["share"], "o", color=colour, markevery=max(1, a_decade // 5)
        )
        root = np.sqrt(eps)
        ax.plot([root, root], [0, 0.5], color=colour, linewidth=1, linestyle=":")
        theme.label(ax, root, 0.25, f"√ε = {root:.2g}", colour, ha="right", dx=-5, weight="normal")
        theme.label(
            ax,
            root,
            0.5,
            names.get(eps, f"ε = {eps:g}"),
            colour,
            ha=("right", "left")[k],
            dx=(-12, 12)[k],
        )
    ax.set(xscale="log", xlim=(0.9e-4, 11), ylim=(0, 1.06), xlabel="standard deviation σ of the input",
           ylabel="share that gets through")  # fmt: skip
    return figure
