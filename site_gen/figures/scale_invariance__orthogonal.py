"""The part of the gradient along the weights, against the size of the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The gradient is orthogonal to the weights, up to ε"
TAGS = ("effective learning rate", "epsilon")
CLAIMS = ("gradient-is-orthogonal", "what-eps-leaves-along-the-weights")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every ε and factor: root mean square over runs and units of the cosine, measured and by the closed form."""

    def rms(name: str) -> pd.Series:
        return np.sqrt(np.square(results[name]).mean(["run", "unit"])).to_dataframe(name)[name]

    table = pd.DataFrame({"cosine": rms("along"), "theory": rms("along_theory")}).reset_index()
    return table.assign(runs=results.sizes["run"], units=results.sizes["unit"])


def _at(data: pd.DataFrame, eps: float, scale: float) -> float:
    rows = data[np.isclose(data["eps"], eps, rtol=1e-9, atol=0)]
    return rows.loc[(np.log(rows["scale"]) - np.log(scale)).abs().idxmin(), "cosine"]


def alt(data: pd.DataFrame) -> str:
    return (f"Cosine between a unit's weights and their gradient against the factor on the weights, logarithmic: with ε it falls as one over the "
            f"square, from {_at(data, 1e-5, 0.001):.2f} at 0.001 to {_at(data, 1e-5, 1):.0e} at 1 (ε = 1e-5); without ε it lies at "
            f"{_at(data, 0.0, 1):.0e} throughout.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    rows = data[data["eps"] > 0]
    off = (rows["cosine"] - rows["theory"]).abs().max()
    return (f"Root mean square over {data['runs'].iloc[0]} networks of {data['units'].iloc[0]} units. Lines: the closed form "
            f"$\\gamma\\,\\frac{{\\partial L}}{{\\partial \\gamma}}\\,\\frac{{\\varepsilon}}{{\\sigma^2 + \\varepsilon}}$ over both lengths; the points "
            f"are at most {off:.0e} away. Without $\\varepsilon$ only round-off is left.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
    curves = list(data.groupby("eps"))
    for (eps, rows), colour in zip(curves, reversed(theme.sequence(len(curves))), strict=True):
        if eps > 0:
            ax.plot(
                rows["scale"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
            )
        ax.plot(rows["scale"], rows["cosine"], "o", color=colour, markevery=max(1, len(rows) // 18))
        near = rows.loc[(np.log(rows["scale"]) - np.log(10)).abs().idxmin()]
        theme.label(ax, near["scale"], near["cosine"], {1e-5: "ε = 1e-5 (PyTorch)", 1e-3: "ε = 1e-3 (Keras)",
                    0.0: "ε = 0: round-off"}.get(eps, f"ε = {eps:g}"), colour, dx=6 if eps != 1e-5 else -6,
                    dy=12 if eps != 1e-5 else -10, ha="left" if eps != 1e-5 else "right")  # fmt: skip
    ax.set(
        xscale="log",
        yscale="log",
        ylim=(1e-18, 3),
        xlabel="factor a on the weights",
        ylabel="|cosine| of w and ∂L/∂w",
    )
    return figure
