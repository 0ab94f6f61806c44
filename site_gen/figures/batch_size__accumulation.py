"""Accumulated gradients: how far from those of the whole batch, and what they reach."""

import numpy as np
import pandas as pd

from experiments.results import summary
from experiments.studies.batch_size import FULL, apart

TITLE = "Accumulating gradients makes no large batch for batch norm"
TAGS = ("batch size", "gradient accumulation", "alternatives")
CLAIMS = ("accumulation-replaces-large-batches", "accumulated-gradient-is-whole")

ACCUMULATED = "batch norm, accumulated\nto 32 (points) and\nnot accumulated (line)"
NORMS = ("batch norm", "layer norm", "group norm", "none")


def data(results):
    """Of accuracies mean and interval, of gradients median and range, for every size."""
    trained = results.sel(norm=["batch norm", "layer norm"], mode="running")
    plain, parts = trained["accuracy"].sel(size=slice(None, FULL.whole)), trained["parted"]
    found = [
        summary(plain, name="value").assign(measure="plain"),
        summary(parts.rename(part="size"), name="value").assign(measure="parts"),
    ]
    for norm in NORMS:
        for size in results["gradient_part"].values:
            read = apart(norm, size)(results)
            row = {"value": read.estimate, "low": read.low, "high": read.high, "runs": read.runs}
            found.append(pd.DataFrame([{"measure": "gradient", "norm": norm, "size": size} | row]))
    columns = ["measure", "norm", "size", "value", "low", "high", "runs"]
    return pd.concat(found, ignore_index=True)[columns].dropna()


def curve(data, measure, norm="batch norm"):
    """The rows of a measure, by size."""
    return data[(data["measure"] == measure) & (data["norm"] == norm)].sort_values("size")


def alt(data):
    gradient, parts = data[data["measure"] == "gradient"], curve(data, "parts").iloc[0]
    batch = gradient["norm"] == "batch norm"
    return (
        "Left: relative difference between the accumulated gradient and that of the whole batch, "
        f"at most {gradient[~batch]['high'].max():.0e} without batch statistics and at least "
        f"{gradient[batch]['low'].min():.1f} with batch norm. Right: test accuracy of batch norm "
        f"with accumulated parts of {parts['size']} is {100 * parts['value']:.0f} %, of whole "
        f"batches {100 * curve(data, 'plain')['value'].iloc[-1]:.0f} %."
    )


def caption(data):
    runs, parts = data["runs"].max(), curve(data, "parts").iloc[0]
    return (
        "A batch of 32 images cut into parts whose gradients are averaged. Left: relative length "
        "of the difference from the gradient of the whole batch, initial weights, double "
        f"precision; median and range of {runs} networks. Right: test accuracy after training, "
        f"evaluation mode; means of {runs} paired runs with 95 % intervals. Accumulated parts of "
        f"{parts['size']} reach {100 * parts['value']:.0f} %, the whole batch "
        f"{100 * curve(data, 'plain')['value'].iloc[-1]:.0f} %. Line: plain small batches, a step "
        "after each."
    )


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.6)
    draw_gradients(left, data, theme)
    draw_accuracy(right, data, theme)
    return figure


def draw_gradients(ax, data, theme):
    for norm in NORMS:
        rows, colour = curve(data, "gradient", norm), theme.colour(norm)
        ax.vlines(rows["size"], rows["low"], rows["high"], color=colour, linewidth=2)
        ax.plot(rows["size"], rows["value"], "o-", color=colour, markersize=4)
    words, first = "layer norm, group norm, none: round-off", rows["size"].min()
    theme.label(ax, first, 3, "batch norm", "batch norm", dx=0, dy=-24)
    theme.label(ax, first, 1e-15, words, theme.muted, dx=0, dy=12, weight="normal")
    ax.set(xscale="log", xlabel="images in a part", title="Difference of the gradients")
    ax.set(yscale="log", ylim=(1e-17, 1e3))
    theme.ticks(ax, x=rows["size"])
    theme.ticks(ax, y=[1e-16, 1e-12, 1e-8, 1e-4, 1], form=power)


def power(y):
    """A power of ten: 10⁻⁴, or 1."""
    digits = str(round(np.log10(y))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "1" if y == 1 else f"10{digits}"


def draw_accuracy(ax, data, theme):
    plain, parts = curve(data, "plain"), curve(data, "parts")
    theme.curve(ax, plain, "size", "value", "batch norm", linewidth=1.2)
    theme.points(ax, parts, "size", "value", "batch norm", markersize=6)
    layer = curve(data, "parts", "layer norm").drop(columns=["low", "high"])
    theme.points(ax, layer, "size", "value", "layer norm", markersize=6)
    for rows, norm, words, place in (
        (layer, "layer norm", "layer norm, accumulated", {"dx": 2, "dy": 15}),
        (parts, "batch norm", ACCUMULATED, {"dx": 14, "dy": -22}),
    ):
        theme.label(ax, rows["size"].iloc[0], rows["value"].iloc[0], words, norm, **place)
    ax.set(xscale="log", xlabel="images that share their statistics")
    ax.set(ylim=(0, 1), title="Test accuracy after training")
    theme.ticks(ax, x=plain["size"])
    theme.ticks(ax, y=np.arange(0, 1.01, 0.2), form=lambda y: f"{100 * y:.0f} %")
