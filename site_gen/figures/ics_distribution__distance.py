"""How far the distributions of the last hidden layer have travelled, in two units."""

from itertools import product

import pandas as pd

from experiments.results import only, summary, value
from experiments.studies.ics_distribution import LABELS, MAIN, SMALLEST

TITLE = "With batch norm distributions travel less, unless the other network hardly learns"
TAGS = ("internal covariate shift", "distributions", "learning rate")
CLAIMS = ("bn-steadies-distributions",)

UNITS = {
    "spreads": "in standard deviations of its own",
    "travelled": "in units of the sigmoid’s input",
}


def data(results):
    """Distance travelled up to a step, by unit, network, and the smallest and the main rate.

    The steps are those that are read at every rate.
    """
    found, steps = [], value("accuracy").complete("step").coordinate("step")
    for unit, rate, norm in product(UNITS, (SMALLEST, MAIN), LABELS):
        of = value(unit, rate=rate, norm=norm, step=steps, place="sigmoid input")(results)
        found.append(summary(of, name="distance").assign(unit=unit))
    return pd.concat(found, ignore_index=True).drop(columns="place")


def alt(data):
    last = only(data, step=data["step"].max())
    ends = last.set_index(["unit", "rate", "norm"])["distance"]
    own, seen = ends["spreads"], ends["travelled"]
    small, main = data["rate"].unique()
    return f"""Distance travelled over {data["step"].max()} steps at learning rates {small:g} and
    {main:g}. In its own standard deviations: {own[small, "none"]:.0f} and {own[main, "none"]:.0f}
    without batch norm, {own[small, "batch norm"]:.1f} and {own[main, "batch norm"]:.1f} with. In
    units of the sigmoid’s input: {seen[small, "none"]:.1f} and {seen[main, "none"]:.1f} without,
    {seen[small, "batch norm"]:.1f} and {seen[main, "batch norm"]:.1f} with."""


def caption(data):
    small, main = data["rate"].unique()
    return f"""The distance that the distribution of a sigmoid’s input has travelled in the last
    hidden layer: Wasserstein-1 distances from reading to reading, added up and averaged over units,
    at learning rates ${small:g}$ (dashed) and ${main:g}$ (solid). Left in standard deviations of
    the distribution itself, on a logarithmic scale; right as the sigmoid sees it. Means of
    {data["runs"].max()} runs; their 95 % bands are hardly wider than the lines."""


def draw(data, theme):
    small, main = data["rate"].unique()
    figure, panels = theme.panels(data[data["step"] > 0], "unit", height=3.8)
    for ax, unit, of_unit in panels:
        for (rate, norm), rows in of_unit.groupby(["rate", "norm"]):
            fmt, label = "--" if rate == small else "-", f"rate {rate:g}"
            theme.curve(ax, rows, "step", "distance", norm, label, fmt=fmt, weight="normal")
        ax.set(xscale="log", xlabel="training steps", title=UNITS[unit])
    left, _, read = panels[0]
    left.set(yscale="log", ylabel="distance travelled")
    left.set_ylim(top=3 * data["high"].max())
    for rate, norm, dx, dy in ((main, "none", -30, 14), (small, "batch norm", -20, -18)):
        rows = only(read, rate=rate, norm=norm)
        middle = rows.iloc[len(rows) // 2]
        theme.label(left, middle["step"], middle["distance"], LABELS[norm], norm, dx=dx, dy=dy)
    return figure
