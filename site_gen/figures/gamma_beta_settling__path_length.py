"""How far γ goes in a step, and how far in total against rate times steps."""

import numpy as np

from experiments.results import rows

TITLE = "A smaller rate makes smaller steps, and more of them on the same way"
TAGS = ("gamma and beta", "learning rate", "internal covariate shift")
CLAIMS = ("large-rate-shifts-early-only", "small-rate-shifts-less")
ID = "gamma-beta-drift-way"


def data(results):
    """Path of γ by rate and step, in total and a step since the last reading: geometric means."""
    path = results["path_length"].sel(parameter="gamma", drop=True).isel(layer=-1, drop=True)
    path, steps = path.transpose("rate", "step", "run"), results["step"]
    a_step = path.diff("step") / steps.diff("step")
    total, a_step = (np.exp(np.log(of).mean("run")) for of in (path[:, 1:], a_step))
    middle = (steps[:-1].values + steps[1:] + 1) / 2
    return rows(total=total, a_step=a_step, middle=middle).assign(runs=results.sizes["run"])


def alt(data):
    ends = data.groupby("rate")[["a_step", "total"]].agg(["first", "last"])
    both = zip(ends.index, ends["a_step", "first"], ends["a_step", "last"], strict=True)
    said = ", ".join(f"{first:.0e} and {last:.0e} at rate {rate:g}" for rate, first, last in both)
    return (
        f"Left: how far γ moves in a step, first and last: {said}. Right: the total way against "
        "rate times steps; the curves of the small rates lie on one another, up to "
        f"{ends['total', 'last'].iloc[0]:.2f} at the end of the smallest."
    )


def caption(data):
    return (
        f"γ of the last hidden layer, mean over units, geometric means of {data['runs'].iloc[0]} "
        "runs. Left: the length of a step. Right: the length of the whole way, against the "
        "learning rate times the number of steps: rates of different size are compared where a "
        f"smooth path would have come equally far. All rates were trained for {data['step'].max()} "
        "steps."
    )


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.8)
    data, colours = (
        data.assign(time=data["rate"] * data["step"]),
        theme.sequence(data["rate"].nunique()),
    )
    for k, ((rate, of), colour) in enumerate(zip(data.groupby("rate"), colours, strict=True)):
        dy = {0: -4, 1: 4}.get(k, 0)  # the first two names would touch
        theme.curve(left, of, "middle", "a_step", colour, f"rate {rate:g}", dy=dy)
        theme.curve(right, of, "time", "total", colour)
        theme.points(right, of.iloc[:1], "time", "total", colour, markersize=4)
    left.set(xscale="log", yscale="log", xlabel="training step", title="way of γ in a step")
    right.set(xscale="log", yscale="log", xlabel="learning rate × steps", title="way of γ in total")
    return figure
