"""Effective learning rate at the end, against the learning rate."""

from experiments.results import rows
from experiments.studies.bngd import CONDITION
from site_gen.theme.numbers import percent

TITLE = "The weights grow until the learning rate is small enough"
TAGS = ("learning rates", "effective learning rate")
CLAIMS = ("rate-tunes-itself",)


def data(results):
    """A row for every rate and run: the effective rate as a share of the edge of stability."""
    return rows(effective_rate=results["effective"].sel(condition=CONDITION, drop=True))


def alt(data):
    return f"""Effective rate at the end against the learning rate, both logarithmic: one cloud of
    points rises, meets the edge at rates near 1 and falls again; the largest of all is
    {data["effective_rate"].max():.3f} of the edge."""


def caption(data):
    near = (data.groupby("run")["effective_rate"].max() > 0.9).mean()
    return f"""A point for each of {data["run"].nunique()} runs and
    {data["learning_rate"].nunique()} rates: $\\eta\\,\\lVert u \\rVert^2/\\lVert w \\rVert^2$ at
    the end, over the rate at which descent near the solution becomes unstable; line: the median. No
    run ends above 1; {percent(near)} of the runs come within a tenth of it at some rate."""


def draw(data, theme):
    figure, ax = theme.figure()
    rates, edge = data.groupby("learning_rate", as_index=False), theme.colour("theory")
    theme.level(ax, y=1, color=edge, linestyle="--", zorder=1.8)
    x, y = "learning_rate", "effective_rate"
    theme.points(ax, data, x, y, "batch norm", fmt=".", alpha=0.45)
    theme.curve(ax, rates[y].median(), x, y, "batch norm")
    theme.label(ax, data[x].min(), 1, "edge of stability", edge, dx=0, dy=8, weight="normal")
    ax.set(xscale="log", xlabel="learning rate η", yscale="log", ylim=(0.5 * data[y].min(), 3))
    ax.set(ylabel="effective rate, share of its edge")
    return figure
