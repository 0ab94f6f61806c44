"""The largest learning rate at which a network learns, by depth, with and without batch norm."""

import numpy as np

from experiments.results import summary
from experiments.studies.rate_by_depth import largest

TITLE = "Without batch norm the largest trainable rate falls steeply with depth; with it, little"
TAGS = ("learning rates", "depth")
CLAIMS = ("bn-allows-higher-rates", "trainable-rate-falls-with-depth")


def data(results):
    """A row for every norm and depth: geometric mean over runs of the largest trainable rate."""
    log = np.log(largest()(results).transpose("norm", "depth", "run"))
    table = summary(log, name="largest")
    table[["largest", "low", "high"]] = np.exp(table[["largest", "low", "high"]])
    never = (results["largest"] == 0).sum("run").transpose("norm", "depth")
    return table.assign(never=never.values.ravel())


def _at(data, norm, depth):
    return float(data[(data["norm"] == norm) & (data["depth"] == depth)]["largest"].iloc[0])


def alt(data):
    low, high = data["depth"].min(), data["depth"].max()
    return (
        "Two lines of the largest trainable rate over depth, both scales logarithmic. From "
        f"{low} to {high} hidden layers it goes from {_at(data, 'none', low):.2g} to "
        f"{_at(data, 'none', high):.2g} without batch norm and from "
        f"{_at(data, 'batch norm', low):.2g} to {_at(data, 'batch norm', high):.2g} with it."
    )


def caption(data):
    never = int(data["never"].sum())
    runs = "1 run" if never == 1 else f"{never} runs"
    lost = f" {runs} that learned at no rate count as the smallest one tried." if never else ""
    return (
        "The largest of the rates tried at which a run learned; geometric mean of "
        f"{data['runs'].iloc[0]} runs with 95 % intervals.{lost}"
    )


def draw(data, theme):
    figure, ax = theme.figure()
    for norm, name, dy in (
        ("none", "without batch norm", 16),
        ("batch norm", "with batch norm", -16),
    ):
        rows = data[data["norm"] == norm]
        theme.curve(ax, rows, "depth", "largest", norm, fmt="o-")
        theme.label(ax, *rows[["depth", "largest"]].iloc[-2], name, norm, dx=-2, dy=dy)
    ax.set(xscale="log", yscale="log", xlabel="hidden layers", ylabel="largest trainable rate")
    theme.ticks(ax, x=data["depth"].unique())
    return figure
