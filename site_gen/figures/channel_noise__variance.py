"""The mean of a channel's variance against m h w, for independent and for blurred pixels."""

import numpy as np
import pandas as pd

from experiments.results import rows, summary
from experiments.theory.transform import batch_variance, largest_normalized

TITLE = "What a channel's variance misses depends on what its pixels are worth"
TAGS = ("transform", "convolution", "batch size")
CLAIMS = (
    "channel-variance-counts-pixels",
    "channel-variance-counts-what-it-is-worth",
    "one-bright-pixel-bound",
)
ID = "conv-statistics-variance"
MISSING = dict.fromkeys(
    ("kernel", "low", "high", "worth"),
    "rows of one bright pixel are computed, and have neither kernel nor interval",
)

# Kernel → colour, and how far above its first point it is labelled.
KERNELS = {
    "sharpened": ("positive", 10),
    "blurred": ("negative", -12),
    "independent": ("neutral", -12),
}


def data(results):
    """The mean variance over batches by kernel and setting; then one bright pixel by setting."""
    tables = []
    for kind, name in (("variance", "noise"), ("bright", "bright")):
        value, m, side = (results[one] for one in (kind, f"{name}_batch", f"{name}_side"))
        found = [(m * side**2).rename("values"), m.rename("batch")]
        if kind == "variance":
            table = summary(value, name="value")
            found.insert(0, results["worth_theory"].rename("worth"))
        else:
            table = rows(value.rename("value"))
        tables.append(table.merge(rows(*found)).assign(kind=kind))
    table = pd.concat(tables, ignore_index=True).drop(columns=["setting", "one_pixel"])
    return table.assign(runs=results.sizes["run"])


def _parts(data):
    kinds = ("variance", "bright")
    return [data[data["kind"] == kind].sort_values("values", kind="stable") for kind in kinds]


def alt(data):
    variance, bright = _parts(data)
    first = variance[variance["kernel"] == "blurred"].iloc[0]
    return (
        "Left: the mean variance of a channel against m h w. For independent pixels it is near 1 "
        f"throughout; for blurred ones it starts at {first['value']:.2f} with {first['values']} "
        "values and rises. Right: one bright pixel in a dark batch normalizes to the square root "
        f"of m h w minus 1, up to {bright['value'].max():.0f} for {bright['values'].max()} values."
    )


def caption(data):
    variance, bright = _parts(data)
    off = (variance["value"] / batch_variance(variance["worth"]) - 1).abs().max()
    return (
        "Left: mean variance of a channel (divisor $m h w$) of random images, the variance of a "
        f"pixel being 1; means and 95 % intervals over {data['runs'].iloc[0]} runs. Lines: "
        "$1 - 1/n$, where $n$ is the number of independent values that the pixels are worth, at "
        f"most {100 * off:.1f} % away; dashed: $1 - 1/(m h w)$, which holds for independent "
        "pixels. Right: the normalized value of one bright pixel in a dark batch, "
        "$\\varepsilon = 0$; line: $\\sqrt{m h w - 1}$; dotted: $\\sqrt{m - 1}$, what it could "
        f"be at most if only the {bright['batch'].max()} values at its own place counted."
    )


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.7)
    variance, bright = _parts(data)
    smooth = np.geomspace(24, 700, 100)
    for kernel, (colour, dy) in KERNELS.items():
        here = variance[variance["kernel"] == kernel]
        first, dashed = here.iloc[0], {"linestyle": "--" if kernel == "independent" else "-"}
        worth = first["worth"] / first["values"] * smooth
        theme.theory(left, smooth, batch_variance(worth), **dashed)
        theme.points(left, here, "values", "value", colour)
        theme.label(left, first["values"], first["value"], kernel, colour, dx=8, dy=dy)
    left.set(xscale="log", xlabel="values of a channel, m · h · w")
    left.set(ylim=(0.65, 1.08), ylabel="mean variance of a channel")
    theme.ticks(left, x=(32, 128, 512))
    _draw_bright(right, bright, theme)
    return figure


def _draw_bright(ax, bright, theme):
    """One bright pixel, and what bounds it."""
    last, m = bright.iloc[-1], bright["batch"].max()
    smooth = np.geomspace(bright["values"].min(), last["values"], 100)
    theme.theory(ax, smooth, largest_normalized(smooth))
    theme.points(ax, bright[["values", "value"]], "values", "value", "batch norm")
    bound = largest_normalized(m)
    theme.level(ax, y=bound, linestyle=":", zorder=1.5)
    end = {"ha": "right", "weight": "normal", "dx": 0, "dy": -9}
    theme.label(ax, last["values"], bound, f"√(m−1) at m = {m}", theme.muted, **end)
    place = {"ha": "right", "dx": -10, "dy": 4}
    theme.label(ax, last["values"], last["value"], "√(m·h·w−1)", "batch norm", **place)
    ax.set(xscale="log", xlabel="values of a channel, m · h · w")
    ax.set(yscale="log", ylim=(2, 300), ylabel="one bright pixel, normalized")
    ax.minorticks_off()
