"""The mean of a channel's variance against m h w, for independent and for blurred pixels."""

import numpy as np
import pandas as pd

from experiments.results import only, rows, summary
from experiments.theory.transform import batch_variance, largest_normalized
from site_gen.theme.numbers import percent

TITLE = "What a channel's variance misses depends on what its pixels are worth"
TAGS = ("transform", "convolution", "batch size")
CLAIMS = (
    "channel-variance-counts-pixels",
    "channel-variance-counts-what-it-is-worth",
    "one-bright-pixel-bound",
)
ID = "conv-statistics-variance"
COMPUTED = "rows of one bright pixel are computed, and have neither kernel nor interval"
MISSING = dict.fromkeys(("kernel", "low", "high", "worth"), COMPUTED)

COLOURS = {"sharpened": "positive", "blurred": "negative", "independent": "neutral"}


def data(results):
    """The mean variance over batches by kernel and setting; then one bright pixel by setting."""
    noise = summary(results["variance"], name="value").merge(rows(worth=results["worth_theory"]))
    parts = ("variance", "noise", noise), ("bright", "bright", rows(value=results["bright"]))
    tables = []
    for kind, name, table in parts:
        m, side = results[f"{name}_batch"], results[f"{name}_side"]
        tables.append(table.merge(rows(values=m * side**2, batch=m)).assign(kind=kind))
    table = pd.concat(tables, ignore_index=True).drop(columns=["setting", "one_pixel"])
    return table.assign(runs=results.sizes["run"])


def _parts(data):
    kinds = ("variance", "bright")
    return [only(data, kind=kind).sort_values("values", kind="stable") for kind in kinds]


def alt(data):
    variance, bright = _parts(data)
    first = only(variance, kernel="blurred").iloc[0]
    return f"""Left: the mean variance of a channel against m h w. For independent pixels it is near
    1 throughout; for blurred ones it starts at {first["value"]:.2f} with {first["values"]} values
    and rises. Right: one bright pixel in a dark batch normalizes to the square root of m h w minus
    1, up to {bright["value"].max():.0f} for {bright["values"].max()} values."""


def caption(data):
    variance, bright = _parts(data)
    off = (variance["value"] / batch_variance(variance["worth"]) - 1).abs().max()
    return f"""Left: mean variance of a channel (divisor $m h w$) of random images, the variance of
    a pixel being 1; means and 95 % intervals over {data["runs"].iloc[0]} runs. Lines: $1 - 1/n$,
    where $n$ is the number of independent values that the pixels are worth, at most
    {percent(off, 1)} away; dashed: $1 - 1/(m h w)$, which holds for independent pixels. Right: the
    normalized value of one bright pixel in a dark batch, $\\varepsilon = 0$; line: $\\sqrt{{m h w -
    1}}$; dotted: $\\sqrt{{m - 1}}$, what it could be at most if only the {bright["batch"].max()}
    values at its own place counted."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.7)
    variance, bright = _parts(data)
    smooth = np.geomspace(24, 700, 100)
    for kernel, colour in COLOURS.items():
        here = only(variance, kernel=kernel)
        x, y, worth = here.iloc[0][["values", "value", "worth"]]
        style = "--" if kernel == "independent" else "-"
        theme.theory(left, smooth, batch_variance(worth / x * smooth), linestyle=style)
        theme.points(left, here, "values", "value", colour)
        theme.label(left, x, y, kernel, colour, dx=8, dy=10 if kernel == "sharpened" else -12)
    left.set(xscale="log", xlabel="values of a channel, m · h · w")
    left.set(ylim=(0.65, 1.08), ylabel="mean variance of a channel")
    theme.ticks(left, x=(32, 128, 512))
    (last, highest), m = bright.iloc[-1][["values", "value"]], bright["batch"].max()
    smooth = np.geomspace(bright["values"].min(), last, 100)
    theme.theory(right, smooth, largest_normalized(smooth))
    theme.points(right, bright[["values", "value"]], "values", "value", "batch norm")
    bound = largest_normalized(m)
    theme.level(right, y=bound, linestyle=":", zorder=1.5)
    place = {"ha": "right", "weight": "normal", "dx": 0, "dy": -9}
    theme.label(right, last, bound, f"√(m−1) at m = {m}", theme.muted, **place)
    theme.label(right, last, highest, "√(m·h·w−1)", "batch norm", ha="right", dx=-10, dy=4)
    right.set(xscale="log", xlabel="values of a channel, m · h · w")
    right.set(yscale="log", ylim=(2, 300), ylabel="one bright pixel, normalized")
    right.minorticks_off()
    return figure
