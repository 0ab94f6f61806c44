"""How many independent values a channel of an image is worth, against its number of pixels."""

import numpy as np
import pandas as pd

from experiments.results import only, rows, summary
from experiments.studies.digit_worth import PIXELS
from site_gen.theme.numbers import percent

TITLE = "The pixels of a digit are worth far fewer independent ones, however many there are"
TAGS = ("transform", "convolution", "batch size")
CLAIMS = (
    "channel-batch-is-m-h-w-values",
    "worth-of-pixels-has-a-closed-form",
    "batches-of-digits-settle-by-worth",
    "larger-images-steady-a-channel",
)
ID = "conv-statistics-effective-size"
MISSING = dict.fromkeys(
    ("batch", "low", "high", "theory", "layer", "channel", "run"),
    "rows of noise, of digits and of feature maps have columns of their own",
)

# Kernel → colour, and where its line is labelled: pixels, offsets, alignment.
KERNELS = {
    "sharpened": ("positive", 64, {"dx": -6, "dy": 9, "ha": "right"}),
    "independent": ("neutral", 256, {"dx": -6, "dy": 9, "ha": "right"}),
    "blurred": ("negative", 64, {"dx": 8, "dy": -7}),
}


def data(results):
    """A row for random pixels by kernel and setting, digits by grid, and every feature map."""
    m, pixels = results["noise_batch"], results["noise_side"] ** 2
    random = summary(1 / (results["mean_square"] * m), name="worth")
    theory = (results["worth_theory"] / m).rename("theory")
    random = random.merge(rows(theory, m.rename("batch"), pixels.rename("pixels")))
    digits = summary(results["grid_worth"], name="worth").assign(kind="digits")
    maps = rows(results["map_worth"].rename("worth")).assign(kind="feature map", pixels=PIXELS)
    random = random.rename(columns={"kernel": "kind"}).drop(columns="setting")
    return pd.concat([random, digits, maps], ignore_index=True).assign(runs=results.sizes["run"])


def alt(data):
    digit, maps = only(data, kind="digits").iloc[-1], only(data, kind="feature map")["worth"]
    return f"""Independent values that a channel is worth against pixels of an image. Independent
    pixels lie on the diagonal, blurred ones a factor of 9 below, sharpened ones a factor of 29
    above. Digits level off at {digit["worth"]:.0f} for {digit["pixels"]} pixels. Their feature maps
    spread from {maps.min():.0f} to {maps.max():.0f}, half of them below {maps.median():.0f}."""


def caption(data):
    noise, digit = only(data, kind=list(KERNELS)), only(data, kind="digits").iloc[-1]
    middle = only(data, kind="feature map")["worth"].median()
    off = (noise["worth"] / noise["theory"] - 1).abs().max()
    return f"""The number of independent values that would settle a channel's mean as well as the
    pixels of one image do: variance of a pixel over variance of an image's mean. Points: means and
    95 % intervals over {data["runs"].iloc[0]} runs. Lines: $h w\\,\\sum k^2 / (\\sum k)^2$ for
    random pixels convolved with $k$, at most {percent(off)} away. Digits: every seventh, fourth,
    second and every pixel; all {digit["pixels"]} are worth {digit["worth"]:.0f}. Dots: channels of
    random networks' feature maps after one to three convolutions, before they are normalized; half
    of them are below {middle:.0f}."""


def draw(data, theme):
    figure, ax = theme.figure(height=4.4)
    smooth = np.array([12.0, 1100.0])
    for kernel, (colour, at, place) in KERNELS.items():
        here = only(data, kind=kernel)
        factor = (here["theory"] / here["pixels"]).iloc[0]
        theme.theory(ax, smooth, factor * smooth)
        theme.points(ax, here, "pixels", "worth", colour)
        theme.label(ax, at, factor * at, f"{kernel} pixels", colour, **place)
    digits = only(data, kind="digits")
    theme.points(ax, digits, "pixels", "worth", "batch norm", fmt="o-")
    last, below = digits.iloc[-1], {"ha": "center", "va": "bottom"}
    theme.label(ax, last["pixels"], last["worth"], "digits", "batch norm", dx=9, dy=-3)
    # Feature maps, beside the last number of pixels, which all of them have.
    layers = only(data, kind="feature map").groupby("layer")["worth"]
    for (layer, worth), shade in zip(layers, theme.sequence(len(layers)), strict=True):
        x = 1.55 ** (layer + 0.8) * PIXELS
        ax.plot([x] * len(worth), worth, "o", color=shade, alpha=0.35, zorder=2.2)
        ax.plot([0.86 * x, 1.16 * x], [worth.median()] * 2, color=theme.ink, zorder=2.5)
        ax.annotate(f"{layer:.0f}", (x, 1.35), color=shade, weight="semibold", **below)
    text, place = "feature maps after\nthis many convolutions", (1.55**2.8 * PIXELS, 2.6)
    ax.annotate(text, place, color=theme.muted, **below)
    ax.set(xscale="log", xlim=(10, 1.55**4.6 * PIXELS), xlabel="pixels of an image, h · w")
    ax.set(yscale="log", ylim=(0.7, 1e5), ylabel="independent values it is worth")
    ticks = {16: "16", 49: "49", 64: "", 196: "196", 256: "", 784: "784"}
    theme.ticks(ax, x=list(ticks), form=ticks.get)
    return figure
