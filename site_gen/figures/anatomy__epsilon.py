"""Standard deviation of a normalized batch against that of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Below √ε, γ no longer sets the standard deviation"
TAGS = ("transform", "epsilon")
CLAIMS = ("gamma-sets-the-std", "what-epsilon-costs-is-known")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every ε and input standard deviation: the median over runs, and the closed form."""
    table = results[["normalized_std_theory"]].assign(
        output_std=results["normalized_std"].median("run"),
        output_std_min=results["normalized_std"].min("run"),
        output_std_max=results["normalized_std"].max("run"),
    )
    table = (
        table[["output_std", "output_std_min", "output_std_max", "normalized_std_theory"]]
        .to_dataframe()
        .reset_index()
    )
    return table.dropna().rename(columns={"sigma": "input_std", "normalized_std_theory": "theory"}).assign(
        runs=results.sizes["run"])  # fmt: skip


def _at(data: pd.DataFrame, eps: float, sigma: float) -> float:
    rows = data[np.isclose(data["eps"], eps)]
    return rows.loc[(np.log(rows["input_std"]) - np.log(sigma)).abs().idxmin(), "output_std"]


def alt(data: pd.DataFrame) -> str:
    return (f"Two curves rise from 0 to 1 as the input's standard deviation grows, one around √ε = 0.003, one around 0.03; at an "
            f"input of 0.01 they stand at {_at(data, 1e-5, 0.01):.3f} (ε = 1e-5) and {_at(data, 1e-3, 0.01):.3f} (ε = 1e-3).")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    error = (data["output_std"] - data["theory"]).abs().max()
    return (f"Standard deviation of the normalized batch ($\\gamma = 1$). Points: {data['runs'].iloc[0]} random batches each, "
            f"which agree to round-off; lines: $\\sigma/\\sqrt{{\\sigma^2+\\varepsilon}}$, at most {error:.0e} away. Where the "
            f"input's standard deviation is $\\sqrt{{\\varepsilon}}$, the output's is $1/\\sqrt{{2}}$.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
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
            rows["input_std"],
            rows["output_std"],
            "o",
            color=colour,
            markevery=max(1, a_decade // 5),
        )
        root = np.sqrt(eps)
        ax.plot([root, root], [0, np.sqrt(0.5)], color=colour, linewidth=1, linestyle=":")
        theme.label(ax, root, 0.03, f"√ε = {root:.2g}", colour, weight="normal")
        up, side = (14, "right") if k == 0 else (-14, "left")
        theme.label(
            ax,
            root,
            np.sqrt(0.5),
            names.get(eps, f"ε = {eps:g}"),
            colour,
            ha=side,
            dx=-0.8 * up,
            dy=up,
        )
    theme.label(ax, 0.6, 1.0, "σ/√(σ² + ε)", theme.colour("theory"), dx=0, dy=-13, weight="normal")
    ax.set(xscale="log", xlim=(0.9e-4, 11), ylim=(0, 1.08), xlabel="standard deviation σ of the input",
           ylabel="standard deviation of x̂")  # fmt: skip
    return figure
