"""Gradient descent on the bowl: the distance by step, and the factor of a step by rate."""

import numpy as np

from experiments.results import only, rows
from experiments.theory.optimization import BOWL_MINIMUM

TITLE = "On the bowl every step multiplies the distance by the same factor"
TAGS = ("γ and β", "learning rates", "optimization")
CLAIMS = ("bowl-contraction", "bowl-edge")

SHOWN = (0.05, 0.2, 0.4, 0.9, 1.1)  # rates whose distances are drawn step by step


def data(results):
    """A row for every rate and step: median distance from the minimum, and its theory."""
    results = results.rename(bowl_rate="rate", bowl_step="step")
    off = (results["bowl_path"] - np.array(BOWL_MINIMUM)).transpose("rate", "step", ...)
    distance = np.sqrt(np.square(off).sum("parameter")).median("run")
    factor, known = results["bowl_factor"].median("run"), abs(1 - 2 * off["rate"])
    fall = distance[:, 0] * known ** off["step"]
    table = rows(distance=distance, factor=factor, factor_theory=known, distance_theory=fall)
    return table.assign(runs=results.sizes["run"])


def alt(data):
    half = only(data, rate=0.5)["factor"].iloc[0]
    return f"""Left: distance from the minimum by step, straight lines on a logarithmic scale,
    falling for rates below 1 and rising above. Right: the factor of a step against the rate, a V
    with its tip at a rate of 0.5, where it is {half:.0f}, and at 1 again at a rate of 1."""


def caption(data):
    off = (data["factor"] - data["factor_theory"]).abs().max()
    return f"""Gradient descent with rate $\\alpha$ on $(\\gamma - 1.5)^2 + (\\beta - 0.8)^2$ from
    points as far away as $(1, 0)$: the mean squared error of a batch norm layer on a batch. Points:
    through the layer’s forward and backward pass, {data["runs"].iloc[0]} batches; lines: $|1 -
    2\\alpha|$, at most {off:.0e} away. At $\\alpha = 1/2$ the first step arrives."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2)
    for rate, colour in zip(SHOWN, theme.sequence(len(SHOWN)), strict=True):
        curve = only(data, rate=rate, step=list(range(13)))
        theme.theory(left, curve["step"], curve["distance_theory"], color=colour)
        theme.points(left, curve, "step", "distance", colour, markersize=4)
        end = curve.iloc[-1] if rate != 0.4 else curve[curve["distance"] > 1e-4].iloc[-1]
        lift = {0.05: 4, 0.9: -6}.get(rate, 0)  # labels would overlap
        theme.label(left, end["step"], end["distance"], f"α = {rate:g}", colour, dx=6, dy=lift)
    left.set(xlim=(-0.5, 16.5), xticks=(0, 4, 8, 12), xlabel="step")
    left.set(yscale="log", ylim=(3e-5, 60), ylabel="distance from the minimum")
    left.set_yticks([1e-4, 1e-2, 1], labels=["10⁻⁴", "10⁻²", "1"])
    left.minorticks_off()
    rates = np.linspace(0, 1.15, 231)
    theme.level(right, y=1, color=theme.colour("theory"), linestyle="--", zorder=1.8)
    theme.theory(right, rates, np.abs(1 - 2 * rates))
    theme.points(right, data.drop_duplicates("rate"), "rate", "factor", "batch norm")
    theme.label(right, 0.5, 0, "one step", "batch norm", dx=0, dy=-12, ha="center")
    theme.label(right, 0.22, 0.56, "|1 − 2α|", "theory", dx=8, dy=4, weight="normal")
    right.set(xlim=(0, 1.18), xlabel="learning rate α")
    right.set(ylim=(-0.15, 1.35), ylabel="factor of a step")
    return figure
