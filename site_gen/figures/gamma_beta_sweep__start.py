"""What γ and β do before training: saturation, the gradient that reaches the first layer, and whether batches agree on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "A large γ saturates the sigmoids and still lets more gradient through"
TAGS = ("γ and β", "saturation", "gradients", "theory")
CLAIMS = ("large-gamma-saturates", "saturation-stops-gradients")
MISSING = {"theory": "only the share of saturated units has a closed form"}

BETAS = (0.0, 2.0, 4.0)
PANELS = {
    "saturated": "share saturated",
    "first_gradient": "gradient, first layer",
    "agreement": "agreement of batches",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """By quantity, β and γ: the mean over runs with its 95 % interval, and the theory where there is one.

    The gradient is in parts of that of the same run at (1, 0).
    """
    rows = []
    for quantity in PANELS:
        values = results[quantity]
        if quantity == "first_gradient":
            values = values / values.sel(start_gamma=1.0, start_beta=0.0)
        for beta in BETAS:
            for gamma in results["start_gamma"].values:
                runs = values.sel(start_gamma=gamma, start_beta=beta).values
                half = student.ppf(0.975, runs.size - 1) * runs.std(ddof=1) / np.sqrt(runs.size)
                theory = (
                    results["saturated_theory"].sel(start_gamma=gamma, start_beta=beta).item()
                    if quantity == "saturated"
                    else np.nan
                )
                rows.append({"quantity": quantity, "beta": beta, "gamma": gamma, "mean": runs.mean(), "low": runs.mean() - half,
                             "high": runs.mean() + half, "theory": theory, "runs": runs.size})  # fmt: skip
    return pd.DataFrame(rows)


def _at(data: pd.DataFrame, quantity: str, gamma: float, beta: float) -> float:
    return data[(data["quantity"] == quantity) & (data["gamma"] == gamma) & (data["beta"] == beta)][
        "mean"
    ].item()


def alt(data: pd.DataFrame) -> str:
    return (f"Three panels over γ. At β = 0 the share of saturated sigmoids rises from {_at(data, 'saturated', 1, 0):.2f} at γ = 1 to "
            f"{_at(data, 'saturated', 10, 0):.2f} at γ = 10, close to theory; the first layer’s gradient grows to {_at(data, 'first_gradient', 10, 0):.1f} times "
            f"that at γ = 1; the cosine between two batches falls from {_at(data, 'agreement', 1, 0):.2f} to {_at(data, 'agreement', 10, 0):.2f}. At β = 4, γ = 1 "
            f"the share is {_at(data, 'saturated', 1, 4):.2f} and the gradient {_at(data, 'first_gradient', 1, 4):.2f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Before training, three layers of sigmoids on small digits, every $\\gamma$ and every $\\beta$ of the network alike. Left: share of activations of the "
            f"last hidden layer below 0.05 or above 0.95; grey lines: theory for normally distributed $\\hat x$. Middle: length of the first layer’s "
            f"gradient, in parts of that at $(1, 0)$. Right: cosine between the gradients of two batches. Means of {data['runs'].iloc[0]} runs with 95 % bands.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=3, height=3.5)
    colours = dict(zip(BETAS, theme.sequence(len(BETAS)), strict=True))
    for ax, (quantity, title) in zip(axes, PANELS.items(), strict=True):
        for beta in BETAS:
            rows, colour = (
                data[(data["quantity"] == quantity) & (data["beta"] == beta)],
                colours[beta],
            )
            theme.band(ax, rows["gamma"], rows["low"], rows["high"], colour)
            if quantity == "saturated":
                ax.plot(rows["gamma"], rows["theory"], color=theme.colour("theory"), linewidth=1)
                ax.plot(rows["gamma"], rows["mean"], "o", color=colour, markersize=3.5)
            else:
                ax.plot(rows["gamma"], rows["mean"], color=colour)
        ax.set(xscale="log", xlabel="γ", title=title)
        ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    saturated, gradient, agreement = axes
    saturated.set_ylim(-0.03, 1.03)
    for beta, place in zip(BETAS, ((2.3, 0.14), (0.62, 0.12), (0.2, 0.93)), strict=True):
        theme.label(
            saturated,
            *place,
            f"β = {beta:g}",
            colours[beta],
            dx=0,
            ha="left" if beta == 0 else "right" if beta == 2 else "center",
        )
    gradient.set_yscale("log")
    agreement.set_ylim(-0.03, 1.03)
    return figure
