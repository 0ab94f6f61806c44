"""Steps to the goal against the learning rate, with and without batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With batch norm every learning rate arrives; some take their time"
TAGS = ("learning rates", "optimization")
CLAIMS = ("any-rate-converges", "no-need-to-tune", "batch-norm-needs-fewer-steps")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every model and rate, at the largest condition number: quartiles of the steps, and the share that arrived."""
    condition = float(results["condition"].max())
    arrival = results["arrival"].sel(condition=condition)
    table = pd.DataFrame({
        # "higher" and not in between, since a run that does not arrive takes infinitely many steps
        **{name: np.quantile(arrival.values, q, axis=arrival.get_axis_num("run"), method="higher").ravel()
           for name, q in (("steps", 0.5), ("lower_quartile", 0.25), ("upper_quartile", 0.75))},
        "arrived": np.isfinite(arrival).mean("run").values.ravel(),
    }, index=pd.MultiIndex.from_product([arrival["model"].values, arrival["learning_rate"].values],
                                        names=["model", "learning_rate"]))  # fmt: skip
    # With one start and solution in hand, the largest variance of the inputs is 1: the edge is at 2.
    return table.reset_index().assign(
        edge=2.0, condition=condition, budget=int(results["step"].max()), runs=results.sizes["run"]
    )


def _of(data: pd.DataFrame, model: str) -> pd.DataFrame:
    rows = data[(data["model"] == model) & (data["arrived"] > 0.5)]
    return rows[np.isfinite(rows["steps"])]


def alt(data: pd.DataFrame) -> str:
    plain, bn = _of(data, "none"), _of(data, "batch norm")
    return (f"Steps to the goal against the learning rate, both logarithmic. Without batch norm a falling line that ends at a rate of "
            f"{plain['learning_rate'].max():.2g} with {plain['steps'].min():.0f} steps; with it a valley from {bn['learning_rate'].min():.2g} to "
            f"{bn['learning_rate'].max():.2g}, {bn['steps'].min():.0f} steps at the bottom and {bn['steps'].max():.0f} at the highest.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    bn = data[data["model"] == "batch norm"]
    return (f"Least squares with condition number {data['condition'].iloc[0]:g}: steps of gradient descent until the loss is 1 % of that of predicting "
            f"zero. Median and quartiles of {data['runs'].iloc[0]} solutions and starts. Beyond $2/\\lambda_{{\\max}}$ plain descent diverges. With batch norm "
            f"at least {100 * bn['arrived'].min():.0f} % of the runs arrive within {data['budget'].iloc[0]:,} steps, at every rate.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure()
    edge = data["edge"].iloc[0]
    ax.axvline(edge, color=theme.colour("theory"), linestyle="--", linewidth=1, zorder=1.8)
    for model, name in (("none", "none"), ("batch norm", "batch norm")):
        rows, colour = _of(data, model), theme.colour(model)
        high = np.where(
            np.isfinite(rows["upper_quartile"]), rows["upper_quartile"], data["budget"].iloc[0]
        )
        theme.band(ax, rows["learning_rate"], rows["lower_quartile"], high, colour)
        ax.plot(rows["learning_rate"], rows["steps"], "o-", color=colour)
        at = rows.iloc[len(rows) // 4] if model == "none" else rows.iloc[(4 * len(rows)) // 5]
        theme.label(ax, at["learning_rate"], at["steps"], name if model != "none" else "no batch norm", colour, dx=8,
                    dy=12 if model == "none" else -12)  # fmt: skip
    theme.label(ax, edge, 0.97, "2/λₘₐₓ: beyond, plain descent diverges", theme.colour("theory"),
                transform=("data", "axes fraction"), dx=6, weight="normal")  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="learning rate η", ylabel="steps to 1 % of the loss")
    return figure
