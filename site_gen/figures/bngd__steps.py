"""Steps to the goal against the learning rate, with and without batch norm."""

import numpy as np

from experiments.results import only, rows
from experiments.studies.bngd import CONDITION
from site_gen.theme.numbers import percent

TITLE = "With batch norm every learning rate arrives; some take their time"
TAGS = ("learning rates", "optimization")
CLAIMS = ("any-rate-converges", "no-need-to-tune", "batch-norm-needs-fewer-steps")

EDGE = 2.0  # of plain descent: the largest variance of the inputs is 1


def data(results):
    """A row for every model and rate: quartiles of the steps, and the share that arrived."""
    arrival = results["arrival"].sel(condition=CONDITION)
    # "higher" and not in between, since a run that does not arrive takes infinitely many steps
    quartiles = arrival.quantile((0.25, 0.5, 0.75), "run", method="higher", skipna=False)
    low, steps, high = (one.drop_vars("quantile") for one in quartiles)
    table = rows(arrived=np.isfinite(arrival).mean("run"), steps=steps, low=low, high=high)
    return table.assign(budget=int(results["step"].max()), runs=results.sizes["run"])


def _most_arrived(data, model):
    return only(data, model=model).query("arrived > 0.5")


def alt(data):
    plain, bn = (_most_arrived(data, model) for model in ("none", "batch norm"))
    return f"""Steps to the goal against the learning rate, both logarithmic. Without batch norm a
    falling line that ends at a rate of {plain["learning_rate"].max():.2g} with
    {plain["steps"].min():.0f} steps; with it a valley from {bn["learning_rate"].min():.2g} to
    {bn["learning_rate"].max():.2g}, {bn["steps"].min():.0f} steps at the bottom and
    {bn["steps"].max():.0f} at the highest."""


def caption(data):
    arrived = only(data, model="batch norm")["arrived"].min()
    return f"""Least squares with condition number {data["condition"].iloc[0]:g}: steps of gradient
    descent until the loss is 1 % of that of predicting zero. Median and quartiles of
    {data["runs"].iloc[0]} solutions and starts. Beyond $2/\\lambda_{{\\max}}$ plain descent
    diverges. With batch norm at least {percent(arrived)} of the runs arrive within
    {data["budget"].iloc[0]:,} steps, at every rate."""


def draw(data, theme):
    figure, ax = theme.figure()
    edge = theme.colour("theory")
    theme.level(ax, x=EDGE, color=edge, linestyle="--", zorder=1.8)
    for model, name, part, dy in (
        ("none", "no batch norm", 1 / 4, 12),
        ("batch norm", "batch norm", 4 / 5, -12),
    ):
        here = _most_arrived(data, model)
        here = here.assign(high=here["high"].clip(upper=here["budget"]))
        theme.curve(ax, here, "learning_rate", "steps", model, fmt="o-")
        at = here.iloc[int(part * len(here))]
        theme.label(ax, at["learning_rate"], at["steps"], name, model, dx=8, dy=dy)
    place = {"transform": ("data", "axes fraction"), "dx": 6, "weight": "normal"}
    theme.label(ax, EDGE, 0.97, "2/λₘₐₓ: beyond, plain descent diverges", edge, **place)
    ax.set(xscale="log", xlabel="learning rate η")
    ax.set(yscale="log", ylabel="steps to 1 % of the loss")
    return figure
