"""How a running mean forgets its start, and how noisy it stays."""

import numpy as np

from experiments.results import only, rows, summary

TITLE = "A small rate is quiet in the long run, and slow to get there"
TAGS = ("running statistics", "momentum")
CLAIMS = ("hundred-batches-are-enough", "waiting-makes-exact", "running-noise-is-known")
ID = "running-statistics-stream"


def data(results):
    """By rate and step, mean and noise of the running mean, with their closed forms."""
    results = results.rename(stream_rate="rate", stream_step="step", stream_run="run")
    mean, one = results["stream_mean"], results["batch_variance"]
    table = rows(
        mean=results["ema_mean"].mean("run") / mean,
        mean_theory=results["ema_mean_theory"] / mean,
        noise_theory=np.sqrt(results["ema_variance_theory"] / one),
        steps_to_one_percent=results["steps_to_one_percent"],
    )
    noise = summary(results["ema_variance"] / one, name="noise")
    table[["noise", "low", "high"]] = np.sqrt(noise[["noise", "low", "high"]])
    return table.assign(runs=results.sizes["run"])


def alt(data):
    ends = data.groupby("rate").last().sort_index(ascending=False)
    steps = [f"{n:.0f} (α = {rate:g})" for rate, n in ends["steps_to_one_percent"].items()]
    return f"""Left: the running mean rises from 0 to the stream's mean in steps that grow as α
    shrinks: within 1 % after {", ".join(steps)}. Right: its noise settles at
    {", ".join(f"{n:.2g}" for n in ends["noise"])} of a single batch mean’s, smaller for smaller
    α."""


def caption(data):
    return f"""A running mean over independent Gaussian batches, started at zero, at update rates
    $\\alpha$. Left: its mean, as a share of the true one; diamonds mark the step from which on the
    start weighs less than 1 %. Right: its standard deviation, in units of a single batch mean’s;
    bars are 95 % intervals. Points: {data["runs"].iloc[0]} runs; lines: the closed forms
    $1-(1-\\alpha)^t$ and $\\sqrt{{\\alpha(1-(1-\\alpha)^{{2t}})/(2-\\alpha)}}$."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.5)
    rates = sorted(data["rate"].unique(), reverse=True)
    for rate, colour in zip(rates, theme.sequence(len(rates)), strict=True):
        here, first, name = only(data, rate=rate), rate == rates[0], f"α = {rate:g}"
        some, needed, end = here[::3], here["steps_to_one_percent"].iloc[0], here.iloc[-1]
        theme.theory(left, here["step"], here["mean_theory"], zorder=1.9)
        theme.theory(right, here["step"], here["noise_theory"], zorder=1.9)
        theme.points(left, some[["step", "mean"]], "step", "mean", colour)
        theme.points(right, some, "step", "noise", colour)
        left.plot([needed], [0.99], "D", color=theme.ink, zorder=5)
        above = {"ha": "center", "dx": 0, "dy": 10, "weight": "normal"}
        theme.label(left, needed, 0.99, f"{needed:.0f}", theme.ink, **above)
        half, text = np.log(0.5) / np.log1p(-rate), name if first else f"{rate:g}"
        theme.label(left, half, 0.5, text, colour, ha="right", dx=-7, dy=6)
        at, dy = end[["step", "noise_theory"]], 20 if first else 12
        theme.label(right, *at, name, colour, ha="right", dx=0, dy=dy)
    for ax in (left, right):
        ax.set(xscale="log", xlabel="batches seen", xlim=(0.8, data["step"].max() * 1.3))
    left.set(ylim=(0, 1.12), title="running mean / true mean")
    right.set(ylim=(0, 1.25 * data["noise"].max()), title="noise / noise of a batch mean")
    return figure
