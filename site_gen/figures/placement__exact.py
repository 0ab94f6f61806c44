"""How far from nothing a change is that should make no difference, by what stands between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "What makes no difference next to batch norm, and what does once a nonlinearity is between"
TAGS = ("placement", "γ and β", "effective learning rate")
CLAIMS = (
    "bias-across-a-nonlinearity-is-redundant",
    "scale-invariance-needs-homogeneity",
    "next-layer-absorbs-gamma-and-beta",
)

LANES = {
    "bias, nothing between": "bias: nothing between",
    "bias, relu between": "bias: ReLU between",
    "bias, sigmoid between": "bias: sigmoid between",
    "weights, nothing between": "weights × 3: nothing between",
    "weights, relu between": "weights × 3: ReLU between",
    "weights, relu and bias between": "weights × 3: bias and ReLU between",
    "weights, sigmoid between": "weights × 3: sigmoid between",
    "absorb, nothing between": "γ, β into the next layer",
    "absorb, relu between, both scaled": "γ and β × 3, ReLU, weights / 3",
    "absorb, relu between, only gamma scaled": "γ × 3, ReLU, weights / 3",
    "absorb, sigmoid between, both scaled": "γ and β × 3, sigmoid, weights / 3",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every change and run: the relative size of its effect."""
    table = (
        results["difference"].transpose("change", "run").to_dataframe("difference").reset_index()
    )
    order = table["change"].map({name: k for k, name in enumerate(LANES)})
    return (
        table.assign(order=order)
        .sort_values(["order", "run"])
        .drop(columns="order")
        .reset_index(drop=True)
    )


def _groups(data: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    largest = data.groupby("change")["difference"].max()
    return largest[largest < 1e-9], largest[largest >= 1e-9]


def alt(data: pd.DataFrame) -> str:
    exact, other = _groups(data)
    return (f"Points for {data['change'].nunique()} changes on a logarithmic scale: {len(exact)} have an effect of at most {exact.max():.0e}, {len(other)} one of up to "
            f"{other.max():.1f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Changes of a network that should make no difference: relative change of the output, and for the bias, its gradient over the sum of sizes that it is a sum of. A point for "
            f"each of {data['run'].nunique()} random networks, double precision. To the left, round-off; to the right, a difference.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=4.4)
    exact, _ = _groups(data)
    for row, change in enumerate(LANES):
        values = data.loc[data["change"] == change, "difference"].clip(lower=1e-17)
        colour = theme.colour("batch norm" if change in exact.index else "none")
        ax.plot(values, [row] * len(values), "o", color=colour, alpha=0.5, markersize=5)
    ax.set_yticks(range(len(LANES)), labels=list(LANES.values()))
    ax.set(xscale="log", xlim=(3e-18, 10), ylim=(len(LANES) - 0.4, -0.6), xlabel="relative effect")
    ax.set_xticks([1e-16, 1e-12, 1e-8, 1e-4, 1], labels=["10⁻¹⁶", "10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
    ax.minorticks_off()
    for y in (2.5, 6.5):
        ax.axhline(y, color=theme.muted, linewidth=0.8, zorder=1)
    return figure
