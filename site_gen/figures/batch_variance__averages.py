"""The batch variance and its inverse, on average, against the batch size."""

import numpy as np
import pandas as pd

from experiments.results import only, rows, summary
from experiments.studies.batch_variance import INVERSE
from experiments.theory.transform import batch_variance, inverse_batch_variance
from site_gen.theme.numbers import percent

TITLE = "The variance of a small batch is too small, and its inverse far too large"
TAGS = ("transform", "batch size", "gradients")
CLAIMS = ("batch-variance-is-population-variance", "small-batches-only-add-noise")
ID = "tiny-batch-variance"
NONE = "a median over runs has no interval here, and up to three samples there is no mean"
MISSING = dict.fromkeys(("low", "high", "theory"), NONE)

SHOWN = [2, 3, 4, 8, 64]


def data(results):
    """Means of σ² and, over all batches, of 1/σ²; and of 1/σ² over the first, in the median run."""
    # Up to five samples the variance of 1/σ² is infinite, and an interval over runs means nothing.
    finite = INVERSE(results.sel(batch=results["batch"] > 5))
    variance = summary(results["variance"], name="estimate").assign(kind="variance")
    inverse = summary(finite, name="estimate").assign(kind="inverse")
    running = rows(estimate=results["inverse_variance"].sel(batch=SHOWN).median("run"))
    table = pd.concat([variance, inverse, running.assign(kind="running")], ignore_index=True)
    m, last = table["batch"], results["count"].values[-1]
    closed = np.where(table["kind"] == "variance", batch_variance(m), inverse_batch_variance(m))
    table["theory"] = np.where(np.isfinite(closed), closed, np.nan)  # infinite: an empty cell
    table["count"] = table["count"].fillna(last).astype(int)
    return table.assign(runs=results.sizes["run"])


def alt(data):
    variance, inverse = (only(data, kind=kind) for kind in ("variance", "inverse"))
    pair = only(data, kind="running", batch=2)["estimate"]
    return f"""Left: the mean batch variance rises from {variance["estimate"].iloc[0]:.2f} at a
    batch of {variance["batch"].iloc[0]} to {variance["estimate"].iloc[-1]:.3f} at
    {variance["batch"].iloc[-1]}, and the mean inverse variance falls to 1 from above. Right: over
    more and more batches the mean inverse variance settles for batches of
    {inverse["batch"].iloc[0]} and more, and keeps growing for batches of 2, to
    {pair.iloc[-1]:.0f}."""


def caption(data):
    known = only(data, kind=["variance", "inverse"])
    first = only(data, kind="inverse")["batch"].min()
    off = (known["estimate"] / known["theory"] - 1).abs().max()
    return f"""Variance $\\sigma^2$ (divisor $m$) of random Gaussian batches, $\\varepsilon = 0$.
    Left: means and 95 % intervals over {data["runs"].iloc[0]} runs of {known["count"].iloc[0]}
    batches, for $1/\\sigma^2$ from $m = {first}$ on, where its variance is finite; lines: $(m-1)/m$
    and $m/(m-3)$, at most {percent(off, 1)} away. Right: mean of the first $n$ values of
    $1/\\sigma^2$, the median run; dotted: $m/(m-3)$, which is infinite for batches of 2 and 3."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.7)
    variance, inverse = (only(data, kind=kind) for kind in ("variance", "inverse"))
    smooth = np.geomspace(variance["batch"].min(), variance["batch"].max(), 200)
    theme.theory(left, smooth, batch_variance(smooth))
    theme.theory(left, smooth[smooth > 3.2], inverse_batch_variance(smooth[smooth > 3.2]))
    ends = (variance, "batch norm", "σ²", -14), (inverse, "gradient", "1/σ²", 12)
    for curve, colour, text, dy in ends:
        theme.points(left, curve, "batch", "estimate", colour)
        eight = only(curve, batch=8)["estimate"].iloc[0]
        theme.label(left, 8, eight, text, colour, dx=6, dy=dy)
    theme.level(left, y=1, linestyle="--", zorder=1.5)
    left.set(xscale="log", xlabel="batch size m", title="mean of σ², of 1/σ²")
    left.set(ylim=(0, 3), ylabel="share of the population’s")
    theme.ticks(left, x=(2, 4, 8, 16, 64, 256))
    curves, height = list(only(data, kind="running").groupby("batch")), np.inf
    for (m, curve), colour in zip(curves, theme.sequence(len(curves)), strict=True):
        right.plot(curve["count"], curve["estimate"], color=colour)
        if curve["theory"].notna().all():
            theme.level(right, y=curve["theory"].iloc[0], color=colour, linestyle=":", zorder=1.5)
        height = min(curve["estimate"].iloc[-1], height / 1.7)
        theme.label(right, curve["count"].iloc[-1], height, f"m = {m}", colour)
    right.set(xscale="log", xlabel="batches averaged, n")
    right.set(yscale="log", title="mean of the first n values of 1/σ²")
    right.minorticks_off()
    return figure
