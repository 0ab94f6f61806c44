"""Accumulated gradients: how far from those of the whole batch, and what they reach."""

import numpy as np
import pandas as pd

from experiments.results import only, rows, summary
from experiments.studies.batch_size import FULL
from site_gen.theme.numbers import percent, power_of_ten

TITLE = "Accumulating gradients makes no large batch for batch norm"
TAGS = ("batch size", "gradient accumulation", "alternatives")
CLAIMS = ("accumulation-replaces-large-batches", "accumulated-gradient-is-whole")

NORMS = ("batch norm", "layer norm", "group norm", "none")
ACCUMULATED = "batch norm, accumulated\nto 32 (points) and\nnot accumulated (line)"


def data(results):
    """Of accuracies mean and interval, of gradients median and range, for every size."""
    trained = results.sel(norm=["batch norm", "layer norm"], mode="running")
    plain, parts = trained["accuracy"].sel(size=slice(None, FULL.whole)), trained["parted"]
    apart = results["gradient_difference"].rename(gradient_part="size").sel(norm=list(NORMS))
    apart, runs = apart.transpose("norm", ...), apart.sizes["run"]
    spread = rows(value=apart.median("run"), low=apart.min("run"), high=apart.max("run"))
    found = {
        "plain": summary(plain, name="value"),
        "parts": summary(parts.rename(part="size"), name="value"),
        "gradient": spread.assign(runs=runs),
    }
    table = pd.concat([of.assign(measure=measure) for measure, of in found.items()])
    return table[["measure", "norm", "size", "value", "low", "high", "runs"]].dropna()


def reached(data):
    """The smallest parts; accuracies of batch norm with these and with whole batches, in words."""
    rows = only(data, norm="batch norm").sort_values("size")
    first, last = only(rows, measure="parts").iloc[0], only(rows, measure="plain").iloc[-1]
    return first["size"], percent(first["value"]), percent(last["value"])


def alt(data):
    gradient, (size, parts, whole) = only(data, measure="gradient"), reached(data)
    batch = gradient["norm"] == "batch norm"
    return f"""Left: relative difference between the accumulated gradient and that of the whole
    batch, at most {gradient[~batch]["high"].max():.0e} without batch statistics and at least
    {gradient[batch]["low"].min():.1f} with batch norm. Right: test accuracy of batch norm with
    accumulated parts of {size} is {parts}, of whole batches {whole}."""


def caption(data):
    runs, (size, parts, whole) = data["runs"].max(), reached(data)
    return f"""A batch of 32 images cut into parts whose gradients are averaged. Left: relative
    length of the difference from the gradient of the whole batch, initial weights, double
    precision; median and range of {runs} networks. Right: test accuracy after training, evaluation
    mode; means of {runs} paired runs with 95 % intervals. Accumulated parts of {size} reach
    {parts}, the whole batch {whole}. Line: plain small batches, a step after each."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.6)
    sizes = only(data, measure="gradient")["size"].unique()
    for norm in NORMS:
        shown, colour = only(data, measure="gradient", norm=norm), theme.colour(norm)
        left.vlines(shown["size"], shown["low"], shown["high"], color=colour, linewidth=2)
        left.plot(shown["size"], shown["value"], "o-", color=colour, markersize=4)
    words = "layer norm, group norm, none: round-off"
    theme.label(left, min(sizes), 3, "batch norm", "batch norm", dx=0, dy=-24)
    theme.label(left, min(sizes), 1e-15, words, theme.muted, dx=0, dy=12, weight="normal")
    left.set(xscale="log", xlabel="images in a part", title="Difference of the gradients")
    left.set(yscale="log", ylim=(1e-17, 1e3))
    theme.ticks(left, x=sizes)
    theme.ticks(left, y=[1e-16, 1e-12, 1e-8, 1e-4, 1], form=power)

    plain = only(data, measure="plain", norm="batch norm")
    theme.curve(right, plain, "size", "value", "batch norm", linewidth=1.2)
    places = (
        ("batch norm", ACCUMULATED, 14, -22),
        ("layer norm", "layer norm, accumulated", 2, 15),
    )
    for norm, words, dx, dy in places:
        shown = only(data, measure="parts", norm=norm)
        theme.points(right, shown, "size", "value", norm, markersize=6)
        theme.label(right, *shown.iloc[0][["size", "value"]], words, norm, dx=dx, dy=dy)
    right.set(xscale="log", xlabel="images that share their statistics")
    right.set(ylim=(0, 1), title="Test accuracy after training")
    theme.ticks(right, x=plain["size"])
    theme.ticks(right, y=np.arange(0, 1.01, 0.2), form=percent)
    return figure


def power(y):
    """A power of ten: 10⁻⁴, or 1."""
    return "1" if y == 1 else power_of_ten(y)
