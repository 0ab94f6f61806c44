"""Angle of a step in equilibrium, against the product of rate and weight decay."""

import numpy as np

from experiments.results import rows
from experiments.studies.rotational_equilibrium import named

TITLE = "In equilibrium a step turns the weights by √(2ηλ), whatever the gradient"
TAGS = ("effective learning rate", "weight decay")
CLAIMS = ("a-step-turns-by-rate-times-decay", "only-the-product-counts")


def data(results):
    """A row for every pair of rate and decay: the angle in degrees, mean and range over runs."""
    angle = np.degrees(np.sqrt(np.square(results["turn"]).mean("unit")))
    angles = {f"angle_{of}": getattr(angle, of)("run") for of in ("mean", "min", "max")}
    theory = np.degrees(results["turn_theory"])
    read = rows(results["rate"], results["decay"], **angles, theory=theory)
    sizes = {"runs": results.sizes["run"], "units": results.sizes["unit"]}
    read = read.assign(product=read["rate"] * read["decay"], **sizes)
    return read.sort_values(["product", "rate"], ignore_index=True)


def off(data):
    """The largest deviation from the closed form, in per cent."""
    return 100 * (data["angle_mean"] / data["theory"] - 1).abs().max()


def alt(data):
    angle = data["angle_mean"]
    return f"""Angle of a step against the product of rate and decay, both logarithmic: {len(data)}
    points on the line √(2ηλ), from {angle.min():.1f} to {angle.max():.0f} degrees, none more than
    {off(data):.1g} % off."""


def caption(data):
    return f"""Root mean square angle of a step of SGD in the second half of training;
    {data["runs"].iloc[0]} runs of {data["units"].iloc[0]} units (their range is smaller than the
    points). Line: $\\sqrt{{2\\eta\\lambda}}$; the largest deviation is {off(data):.1g} %. Three of
    the points have the same product from rates that differ by a factor of
    {data["rate"].max() / data["rate"].min():.0f}."""


def draw(data, theme):
    figure, ax = theme.figure()
    products = np.geomspace(data["product"].min() / 1.6, 1.6 * data["product"].max(), 50)
    line = np.degrees(np.sqrt(2 * products))
    theme.theory(ax, products, line)
    theme.points(ax, data, "product", "angle_mean", "batch norm", markersize=7)
    above, beside = {"dx": -8, "dy": 8, "ha": "right"}, {"dx": 9, "dy": -4, "va": "top"}
    theme.label(ax, products[25], line[25], "√(2ηλ)", "theory", weight="normal", **above)
    for product, same in data.groupby(data["product"].round(9)):
        names, angle = "\n".join(map(named, same["rate"], same["decay"])), same["angle_mean"].mean()
        theme.label(ax, product, angle, names, "batch norm", weight="normal", **beside)
    ax.set(xscale="log", xlabel="rate times weight decay, ηλ")
    ax.set(yscale="log", ylabel="angle of a step (degrees)", xlim=(products[0], 2.5 * products[-1]))
    theme.ticks(ax, y=[t for t in (1, 2, 5, 10, 20) if data["angle_mean"].min() < 2 * t])
    ax.minorticks_off()
    return figure
