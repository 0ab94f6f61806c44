"""Units with gradients of different size: how long their weights become, how far a step turns."""

import numpy as np

from experiments.results import rows

TITLE = "A larger gradient makes longer weights, not faster turning ones"
TAGS = ("effective learning rate", "weight decay")
CLAIMS = ("length-settles", "larger-gradients-learn-faster")


def data(results):
    """A row for every pair of rate and decay and unit: means over runs; angles in degrees."""
    names = ("unit_gradient", "fourth_power", "fourth_power_theory", "fourth_power_next")
    found = results.mean("run")
    angles = {"angle": np.degrees(found["turn"]), "angle_theory": np.degrees(found["turn_theory"])}
    read = rows(*(found[name] for name in names), **angles, **found[["rate", "decay"]])
    product = (read["rate"] * read["decay"]).round(9)
    return read.drop(columns="setting").assign(product=product, runs=results.sizes["run"])


def alt(data):
    fourth, pairs = data["fourth_power"], data.groupby(["rate", "decay"])
    gradient, angle = (
        (pairs[name].max() / pairs[name].min()).max() for name in ("unit_gradient", "angle")
    )
    return f"""Left: the mean of ‖w‖⁴ against its closed form, points along the diagonal over
    {np.log10(fourth.max() / fourth.min()):.0f} powers of ten. Right: the angle of a step is a flat
    line over units whose squared gradients differ by a factor of {gradient:.0f}; it differs by
    {100 * (angle - 1):.1g} % at most."""


def caption(data):
    largest = data[data["product"] == data["product"].max()]
    forms = (largest[name] for name in ("fourth_power_theory", "fourth_power_next"))
    off, after = (100 * (largest["fourth_power"] / form - 1).abs().max() for form in forms)
    return f"""Means over {data["runs"].iloc[0]} runs, each point one of {data["unit"].nunique()}
    units at one $\\eta$ and $\\lambda$. Left: on the line, $\\lVert w \\rVert^4$ is
    $\\eta/(2\\lambda)$ times the squared gradient at length 1; the largest deviation at
    $\\eta\\lambda = {data["product"].max():.2g}$ is {off:.0f} %, of which the next order leaves
    {after:.0f} %. Right: the same units, and $\\sqrt{{2\\eta\\lambda}}$ as lines."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2)
    theory, gradient = data["fourth_power_theory"], data["unit_gradient"]
    theme.theory(left, *2 * [[theory.min() / 2, 2 * theory.max()]])
    low, high = gradient.min() / 1.3, 1.3 * gradient.max()
    products = list(data.groupby("product"))
    for (product, units), colour in zip(products, theme.sequence(len(products)), strict=True):
        angle = units["angle_theory"].iloc[0]
        theme.points(left, units, "fourth_power_theory", "fourth_power", colour)
        theme.points(right, units, "unit_gradient", "angle", colour)
        theme.theory(right, [low, high], [angle, angle], zorder=1.9)
        theme.label(right, high, angle, f"ηλ = {product:g}", colour, dx=4)
    left.loglog()
    right.loglog()
    left.set(xlabel="η/(2λ) · squared gradient at length 1", ylabel="mean of ‖w‖⁴")
    right.set(xlabel="squared gradient at length 1", ylabel="angle of a step (degrees)")
    right.set_xlim(low, 3.4 * high)
    theme.ticks(right, x=(0.03, 0.1, 0.3), y=(2, 5, 10, 20))
    return figure
