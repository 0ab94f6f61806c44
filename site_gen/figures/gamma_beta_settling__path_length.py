"""How far γ goes in a step, and how far in total against rate times steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from site_gen.theme import Theme

TITLE = "A smaller rate makes smaller steps, and more of them on the same way"
TAGS = ("gamma and beta", "learning rate", "internal covariate shift")
CLAIMS = ("large-rate-shifts-early-only", "small-rate-shifts-less")
ID = "gamma-beta-drift-way"


def data(results: xr.Dataset) -> pd.DataFrame:
    """Path of γ by rate and step, in total and a step since the last reading: geometric means."""
    path = results["path_length"].sel(parameter="gamma", drop=True).isel(layer=-1, drop=True)
    path, steps = path.transpose("rate", "step", "run"), results["step"]
    a_step = path.diff("step") / steps.diff("step")
    total, a_step = (np.exp(np.log(of).mean("run")) for of in (path[:, 1:], a_step))
    middle = (steps[:-1].values + steps[1:] + 1) / 2
    found = rows(total.rename("total"), a_step.rename("a_step"), middle.rename("middle"))
    return found.assign(runs=results.sizes["run"])


def alt(data: pd.DataFrame) -> str:
    ends = data.groupby("rate")[["a_step", "total"]].agg(["first", "last"])
    said = ", ".join(
        f"{row['a_step', 'first']:.0e} and {row['a_step', 'last']:.0e} at rate {rate:g}"
        for rate, row in ends.iterrows()
    )
    return (
        f"Left: how far γ moves in a step, first and last: {said}. Right: the total way against rate "
        "times steps; the curves of the small rates lie on one another, up to "
        f"{ends['total', 'last'].iloc[0]:.2f} at the end of the smallest."
    )


def caption(data: pd.DataFrame) -> str:
    return (
        "γ of the last hidden layer, mean over units, geometric means of "
        f"{data['runs'].iloc[0]} runs. Left: the length of a step. Right: the length of the whole "
        "way, against the learning rate times the number of steps: rates of different size are "
        "compared where a smooth path would have come equally far. All rates were trained for "
        f"{data['step'].max()} steps."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.8)
    rates = list(data["rate"].unique())
    nudged = {0: -4, 1: 4}  # names that would touch
    for k, (rate, colour) in enumerate(zip(rates, theme.sequence(len(rates)), strict=True)):
        of = data[data["rate"] == rate].assign(time=lambda table: table["rate"] * table["step"])
        theme.curve(left, of, "middle", "a_step", colour, f"rate {rate:g}", dy=nudged.get(k, 0))
        theme.curve(right, of, "time", "total", colour)
        theme.points(right, of.iloc[:1], "time", "total", colour, markersize=4)
    left.set(xscale="log", yscale="log", xlabel="training step", title="way of γ in a step")
    right.set(xscale="log", yscale="log", xlabel="learning rate × steps", title="way of γ in total")
    return figure
