"""How soon does a running average know the mean of a stream, and how well?

Independent Gaussian batches of one distribution go through `Standardize` at several update rates,
and the expectation and the variance of the running mean are compared with closed forms. One batch
for ever shows how many steps it takes until the start is forgotten.
"""

from itertools import repeat

import numpy as np

from experiments.claims import Case, below, depends, refuted, supported, within
from experiments.measures.running import on_a_stream, running_means
from experiments.results import LAST, Near, table, value
from experiments.study import Settings, call, setting
from experiments.theory import inference as theory


class Setup(Settings):
    rates: tuple[float, ...] = setting((0.1, 0.01, 0.001), "update rates α")
    runs: int = setting(16, "independent streams")
    features: int = setting(64, "units of each stream")
    batch: int = setting(32, "samples in a batch")
    mean: float = setting(3.0, "mean of the stream")
    std: float = setting(2.0, "its standard deviation")
    steps: int = setting(5000, "batches of the stream")
    seed: int = setting(3, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(runs=4, features=16, steps=1000), Setup(), Setup(runs=64)


def points(s):
    """The streams, and one batch for ever."""
    return {"stream": call(stream, s), "forgetting": call(forgetting, s)}


def stream(rates, features, batch, mean, std, steps, runs):
    """Running means of all rates over the same batches, and their closed forms."""
    kept = np.unique(np.logspace(0, np.log10(steps), 60).round().astype(int))
    path = enumerate(on_a_stream(rates, features, batch, mean, std, steps, runs), 1)
    means, noise = zip(*(read for step, read in path if step in kept), strict=True)
    of_batch, dims = std**2 / batch, "stream_step stream_rate"
    closed = [theory.ema_mean(kept, rate, mean) for rate in rates]
    closed_noise = [theory.ema_variance(kept, rate, of_batch) for rate in rates]
    found = {
        "ema_mean": (means, "running mean, averaged over units"),
        "ema_mean_theory": (np.transpose(closed), "μ(1 − (1−α)^t)", "1", dims),
        "ema_variance": (noise, "variance of the running mean"),
        "ema_variance_theory": (np.transpose(closed_noise), "its closed form", "1", dims),
        "stream_mean": (mean, "mean of the stream", "1", ""),
        "batch_variance": (of_batch, "variance of a batch's mean, σ²/m", "1", ""),
    }
    return table(found, stream_step=kept, stream_rate=rates, stream_run=runs)


def forgetting(rates):
    """Updates on one batch for ever until the running mean is within 1 %: only the start counts."""
    x, needed = np.arange(1.0, 5.0)[None, :, None], []
    for rate in rates:
        means = enumerate(running_means(repeat(x), [rate]), 1)
        needed.append(next(step for step, mean in means if abs(mean / x.mean() - 1) <= 0.01))
    expected = [theory.steps_to_within(0.01, rate) for rate in rates]
    words, unit = "steps until the running mean is within 1 %", "steps"
    found = {
        "steps_to_one_percent": (np.int32(needed), words, unit),
        "steps_to_one_percent_theory": (np.int32(expected), "⌈ln 0.01 / ln(1 − α)⌉", unit),
    }
    return table(found, stream_rate=rates)


# ------------------------------------------------------------------------------------------ claims


VARIANCE = value("ema_variance")
NEEDED = {a: value("steps_to_one_percent", stream_rate=a).exact() for a in FULL.rates}
# Standard deviation of the running mean in the end, over that of one batch's mean.
END = (VARIANCE.at(stream_step=LAST) / value("batch_variance")).map(np.sqrt)
NOISE = {a: END.at(stream_rate=a).mean() for a in FULL.rates}
WITHIN = "batches until the running mean is within 1 % of the mean"
STREAM = "on a stream that never changes, standard deviation over that of a single batch's mean"
OVER = "batches, variance measured over closed form"
KNOWN = within(1, relative=0.2)  # four standard errors of a variance over 16 × 64 units
OVER_THEORY = {
    (a, t): (VARIANCE / value("ema_variance_theory")).at(stream_rate=a, stream_step=Near(t)).mean()
    for a, start in ((0.1, 10), (0.01, 100), (0.001, 1000))
    for t in (start, 5000)
}

CLAIMS = {
    "hundred-batches-are-enough": depends(
        "A hundred batches are enough to fill in the running statistics.",
        source="reader",
        cases=tuple(Case(f"α = {a:g}, {WITHIN}", of, below(101)) for a, of in NEEDED.items()),
        because="It depends on α: the start fades as (1 − α)ᵗ, so the steps needed grow like 1/α.",
    ),
    "waiting-makes-exact": refuted(
        "The running mean becomes exact if one only waits long enough.",
        source="reader",
        cases=tuple(Case(f"α = {a:g}, {STREAM}", of, below(0.01)) for a, of in NOISE.items()),
        because="New batches keep arriving with weight α: the variance stays at α/(2 − α) of a "
        "batch mean's.",
    ),
    "running-noise-is-known": supported(
        "The variance of a running mean is α/(2−α) (1 − (1−α)²ᵗ) times that of a batch's mean.",
        source="reader",
        cases=tuple(
            Case(f"α = {a:g}, after {t:,} {OVER}", of, KNOWN) for (a, t), of in OVER_THEORY.items()
        ),
        because="Independent batches add their variances, each with the square of its weight, and "
        "the weights are a geometric series.",
    ),
}

VALUES = {
    "steps_usual": NEEDED[0.1],
    "steps_small": NEEDED[0.01],
    "steps_tiny": NEEDED[0.001],
    "noise_usual": NOISE[0.1],
    "noise_small": NOISE[0.01],
}
