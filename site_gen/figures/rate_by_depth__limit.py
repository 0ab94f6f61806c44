"""The largest learning rate at which a network learns, by depth, with and without batch norm."""

from experiments.results import only, summary
from experiments.studies.rate_by_depth import largest

TITLE = "Without batch norm the largest trainable rate falls steeply with depth; with it, little"
TAGS = ("learning rates", "depth")
CLAIMS = ("bn-allows-higher-rates", "trainable-rate-falls-with-depth")


def data(results):
    """A row for every norm and depth: geometric mean over runs of the largest trainable rate."""
    table = summary(largest(results).transpose("norm", "depth", "run"), geometric=True)
    never = (results["largest"] == 0).sum("run").transpose("norm", "depth")
    return table.assign(never=never.values.ravel())


def alt(data):
    low, high = data["depth"].min(), data["depth"].max()
    plain, normed = (
        only(data, norm=norm).set_index("depth")["largest"] for norm in ("none", "batch norm")
    )
    return f"""Two lines of the largest trainable rate over depth, both scales logarithmic. From
    {low} to {high} hidden layers it goes from {plain[low]:.2g} to {plain[high]:.2g} without batch
    norm and from {normed[low]:.2g} to {normed[high]:.2g} with it."""


def caption(data):
    never = int(data["never"].sum())
    runs = "1 run" if never == 1 else f"{never} runs"
    lost = f" {runs} that learned at no rate count as the smallest one tried." if never else ""
    return f"""The largest of the rates tried at which a run learned; geometric mean of
    {data["runs"].iloc[0]} runs with 95 % intervals.{lost}"""


def draw(data, theme):
    figure, ax = theme.figure()
    for norm, which, dy in (("none", "without", 16), ("batch norm", "with", -16)):
        rows = only(data, norm=norm)
        theme.curve(ax, rows, "depth", "largest", norm, fmt="o-")
        at = rows[["depth", "largest"]].iloc[-2]
        theme.label(ax, *at, f"{which} batch norm", norm, dx=-2, dy=dy)
    ax.set(xscale="log", yscale="log", xlabel="hidden layers", ylabel="largest trainable rate")
    theme.ticks(ax, x=data["depth"].unique())
    return figure
