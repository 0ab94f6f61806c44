"""Steps to the goal against the learning rate, with and without batch norm."""

import numpy as np

from experiments.results import rows
from experiments.studies.bngd import CONDITION

TITLE = "With batch norm every learning rate arrives; some take their time"
TAGS = ("learning rates", "optimization")
CLAIMS = ("any-rate-converges", "no-need-to-tune", "batch-norm-needs-fewer-steps")

EDGE = 2.0  # of plain descent: the largest variance of the inputs is 1
MODELS = {"none": ("no batch norm", 12), "batch norm": ("batch norm", -12)}


def data(results):
    """A row for every model and rate: quartiles of the steps, and the share that arrived."""
    arrival = results["arrival"].sel(condition=CONDITION)
    columns = {"arrived": np.isfinite(arrival).mean("run")}
    # "higher" and not in between, since a run that does not arrive takes infinitely many steps
    for name, q in (("steps", 0.5), ("low", 0.25), ("high", 0.75)):
        found = arrival.quantile(q, "run", method="higher", skipna=False)
        columns[name] = found.drop_vars("quantile")
    table = rows(*(array.rename(name) for name, array in columns.items()))
    return table.assign(budget=int(results["step"].max()), runs=results.sizes["run"])


def _of(data, model):
    rows = data[(data["model"] == model) & (data["arrived"] > 0.5)]
    return rows[np.isfinite(rows["steps"])]


def alt(data):
    plain, bn = _of(data, "none"), _of(data, "batch norm")
    return (
        "Steps to the goal against the learning rate, both logarithmic. Without batch norm a "
        f"falling line that ends at a rate of {plain['learning_rate'].max():.2g} with "
        f"{plain['steps'].min():.0f} steps; with it a valley from {bn['learning_rate'].min():.2g} "
        f"to {bn['learning_rate'].max():.2g}, {bn['steps'].min():.0f} steps at the bottom and "
        f"{bn['steps'].max():.0f} at the highest."
    )


def caption(data):
    arrived = data.loc[data["model"] == "batch norm", "arrived"].min()
    return (
        f"Least squares with condition number {data['condition'].iloc[0]:g}: steps of gradient "
        "descent until the loss is 1 % of that of predicting zero. Median and quartiles of "
        f"{data['runs'].iloc[0]} solutions and starts. Beyond $2/\\lambda_{{\\max}}$ plain descent "
        f"diverges. With batch norm at least {100 * arrived:.0f} % of the runs arrive within "
        f"{data['budget'].iloc[0]:,} steps, at every rate."
    )


def draw(data, theme):
    figure, ax = theme.figure()
    edge, top = theme.colour("theory"), {"transform": ("data", "axes fraction")}
    theme.level(ax, x=EDGE, color=edge, linestyle="--", zorder=1.8)
    for model, (name, dy) in MODELS.items():
        here = _of(data, model)
        here = here.assign(high=here["high"].clip(upper=here["budget"]))
        theme.curve(ax, here, "learning_rate", "steps", model, fmt="o-")
        at = here.iloc[len(here) // 4 if model == "none" else 4 * len(here) // 5]
        theme.label(ax, at["learning_rate"], at["steps"], name, model, dx=8, dy=dy)
    text = "2/λₘₐₓ: beyond, plain descent diverges"
    theme.label(ax, EDGE, 0.97, text, edge, dx=6, weight="normal", **top)
    ax.set(xscale="log", xlabel="learning rate η")
    ax.set(yscale="log", ylabel="steps to 1 % of the loss")
    return figure
