"""How far γ goes in a step, and how far in total against rate times steps."""

import numpy as np

from experiments.results import only, rows

TITLE = "A smaller rate makes smaller steps, and more of them on the same way"
TAGS = ("gamma and beta", "learning rate", "internal covariate shift")
CLAIMS = ("large-rate-shifts-early-only", "small-rate-shifts-less")
ID = "gamma-beta-drift-way"


def data(results):
    """Path of γ by rate and step, in total and a step since the last reading: geometric means."""
    path, steps = results["path_length"].sel(parameter="gamma", drop=True), results["step"]
    path = path.isel(layer=-1, drop=True).transpose("rate", "step", "run")
    a_step = path.diff("step") / steps.diff("step")
    total, a_step = (np.exp(np.log(of).mean("run")) for of in (path[:, 1:], a_step))
    middle = (steps[:-1].values + steps[1:] + 1) / 2
    return rows(total=total, a_step=a_step, middle=middle).assign(runs=results.sizes["run"])


def alt(data):
    ends = data.groupby("rate")["a_step"].agg(["first", "last"]).itertuples()
    said = ", ".join(f"{end.first:.0e} and {end.last:.0e} at rate {end.Index:g}" for end in ends)
    end = only(data, rate=data["rate"].min())["total"].iloc[-1]
    return f"""Left: how far γ moves in a step, first and last: {said}. Right: the total way against
    rate times steps; the curves of the small rates lie on one another, up to {end:.2f} at the end
    of the smallest."""


def caption(data):
    return f"""γ of the last hidden layer, mean over units, geometric means of
    {data["runs"].iloc[0]} runs. Left: the length of a step. Right: the length of the whole way,
    against the learning rate times the number of steps: rates of different size are compared where
    a smooth path would have come equally far. All rates were trained for {data["step"].max()}
    steps."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.8)
    rates = list(data.assign(time=data["rate"] * data["step"]).groupby("rate"))
    apart = [-4, 4] + [0] * (len(rates) - 2)  # the first two names would touch
    for (rate, of), colour, dy in zip(rates, theme.sequence(len(rates)), apart, strict=True):
        theme.curve(left, of, "middle", "a_step", colour, f"rate {rate:g}", dy=dy)
        theme.curve(right, of, "time", "total", colour)
        theme.points(right, of.iloc[:1], "time", "total", colour, markersize=4)
    left.set(xscale="log", yscale="log", xlabel="training step", title="way of γ in a step")
    right.set(xscale="log", yscale="log", xlabel="learning rate × steps", title="way of γ in total")
    return figure
