"""Mean, standard deviation and share of zeros of a unit's output, batch norm before and after a
ReLU."""

import numpy as np

from experiments.results import only, rows
from experiments.theory.transform import rectified

TITLE = "Before a ReLU, batch norm leaves neither mean 0 nor variance 1 behind it"
TAGS = ("placement", "γ and β", "transform")
CLAIMS = ("rectified-moments", "next-layer-sees-standardized-inputs")
ID = "placement-moments"

MOMENTS = {"mean": "mean / γ", "std": "standard deviation / γ", "zeros": "share of zeros"}
COLOURS = {"before": "batch norm", "after": "input"}


def data(results):
    """A row for every place of batch norm, pair of γ and β and moment: mean over runs, and the
    closed form (of "before")."""
    means = results["moments"].mean("run").rename("value")
    arrays = means, results["gamma"], results["beta"], results["moments_theory"].rename("theory")
    return rows(*arrays).drop(columns="pair").assign(runs=results.sizes["run"])


def alt(data):
    usual = only(data, gamma=1, beta=0).set_index(["place", "moment"])["value"]
    mean, std, zeros = usual["before"][list(MOMENTS)]
    return f"""Three panels against β over γ. Batch norm before the ReLU: mean and standard
    deviation rise along curves, through {mean:.2f} and {std:.2f} at β = 0; the share of zeros falls
    through {zeros:.2f}. After it: the mean is the diagonal, the standard deviation
    {usual["after", "std"]:.0f}, no zeros."""


def caption(data):
    return f"""A unit with normal inputs, batch norm ($\\varepsilon = 0$) before or after its ReLU,
    for {len(data.groupby(["gamma", "beta"]))} pairs of $\\gamma$ and $\\beta$. Points: means of
    {data["runs"].iloc[0]} batches; lines: closed forms. After a ReLU, batch norm gives mean
    $\\beta$ and standard deviation $\\gamma$ in every batch."""


def draw(data, theme):
    figure, panels = theme.panels(data, "moment", height=3.1)
    r = np.linspace(-2.4, 2.4, 200)
    mean, variance, zeros = rectified(1.0, r)
    before, after = (mean, np.sqrt(variance), zeros), (r, np.ones_like(r), np.zeros_like(r))
    for (ax, moment, shown), *curves in zip(panels, before, after, strict=True):
        scale = 1 if moment == "zeros" else shown["gamma"]
        shown = shown.assign(beta=shown["beta"] / shown["gamma"], value=shown["value"] / scale)
        for curve, (place, colour) in zip(curves, COLOURS.items(), strict=True):
            theme.theory(ax, r, curve)
            theme.points(ax, only(shown, place=place), "beta", "value", colour)
        ax.set(title=MOMENTS[moment], xlabel="β / γ", xticks=(-2, -1, 0, 1, 2))
    for (place, colour), y in zip(COLOURS.items(), (1.9, 1.45), strict=True):
        theme.label(panels[0][0], -2.2, y, place, colour, dx=0)
    return figure
