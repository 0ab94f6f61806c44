"""How much γ fluctuates late in training, by condition and layer, beside the accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "A larger rate makes γ fluctuate more, and the network learns all the same"
TAGS = ("gamma and beta", "learning rate", "batch order")
CLAIMS = ("rate-and-order-make-them-fluctuate", "fluctuation-is-a-symptom")

LAYERS = {"first": 0, "last": -1}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Fluctuation of γ by condition and layer, geometric means over runs with 95 % intervals; and mean accuracy at the end."""
    rates = sorted(
        float(name.split()[1]) for name in results["condition"].values if name.startswith("rate ")
    )
    rows = []
    for condition in [*(f"rate {rate:g}" for rate in rates), "small batches", "not shuffled"]:
        one = results.sel(condition=condition)
        for layer, which in LAYERS.items():
            values = np.log(one["fluctuation"].sel(parameter="gamma").isel(layer=which).values)
            half = student.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
            rows.append({"condition": condition, "layer": layer, "fluctuation": np.exp(values.mean()), "low": np.exp(values.mean() - half),
                         "high": np.exp(values.mean() + half), "accuracy": float(one["accuracy"].mean()), "runs": values.size,
                         "middle": rates[len(rates) // 2]})  # fmt: skip
    return pd.DataFrame(rows)


def alt(data: pd.DataFrame) -> str:
    last = data[data["layer"] == "last"]
    told = ", ".join(
        f"{row.fluctuation:.1g} and {row.accuracy:.0%} for {row.condition}"
        for row in last.itertuples()
    )
    return f"Dots: standard deviation of γ about its trend in the last hidden layer, and the test accuracy at the end: {told}."


def caption(data: pd.DataFrame) -> str:
    return (f"Left: standard deviation of γ about a straight line over the last steps of training, mean over the units of the first (open) and the last (filled) hidden "
            f"layer. Right: accuracy on the test set with its own statistics at the end. Small batches and unshuffled data are at rate ${data['middle'].iloc[0]:g}$. Geometric "
            f"means (left) and means (right) of {data['runs'].iloc[0]} runs; the 95 % intervals on the left are about as wide as the dots.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.4, sharey=True, width_ratios=(3, 2))
    conditions = list(dict.fromkeys(data["condition"]))
    for y, condition in enumerate(conditions[::-1]):
        rows = data[data["condition"] == condition].set_index("layer")
        colour = theme.colour("batch norm" if condition.startswith("rate") else "negative")
        left.plot(rows["fluctuation"], [y, y], color=theme.grid, linewidth=1, zorder=1)
        for layer, row in rows.iterrows():
            left.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=1)
            left.plot(
                [row["fluctuation"]],
                [y],
                "o",
                color=colour,
                markersize=7,
                markerfacecolor=theme.paper if layer == "first" else colour,
            )
        right.plot([rows["accuracy"].iloc[0]], [y], "o", color=colour, markersize=7)
        low = rows["accuracy"].iloc[0] < 0.3  # no room on the left
        theme.label(
            right,
            rows["accuracy"].iloc[0],
            y,
            f"{100 * rows['accuracy'].iloc[0]:.0f} %",
            colour,
            dx=8 if low else -8,
            ha="left" if low else "right",
            weight="normal",
        )
    left.set_yticks(range(len(conditions)), conditions[::-1])
    left.set(xscale="log", title="fluctuation of γ")
    right.set(xlim=(0, 1), title="accuracy at the end")
    return figure
