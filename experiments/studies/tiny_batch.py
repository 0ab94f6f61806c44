"""What is left of a normalized value when the batch is tiny?

Batches of Gaussian numbers go through `Standardize` with ε = 0, for many batch sizes, and what
comes out is compared with closed forms: how normalized values are distributed, how much of a
gradient gets back through, and where a sample comes to lie that is far from its neighbours.
"""

from dataclasses import replace
from functools import partial
from math import erfc, sqrt

import numpy as np
from scipy.special import ndtr

from experiments.claims import Case, above, below, depends, supported, within
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.distribution import binned_density, histogram, kolmogorov
from experiments.results import Near, table, value
from experiments.runs import Runs, normal
from experiments.study import Settings, call, setting
from experiments.theory import transform as theory
from experiments.training import start

BEYOND = 2.0  # where the tail of the distribution begins
BEYOND_GAUSSIAN = erfc(BEYOND / sqrt(2))  # share of a standard normal variable that lies beyond
DISTANCE = "√n × largest distance from the closed form"
KOLMOGOROV = 1.95  # a distance that chance exceeds once in a thousand
NETWORK = Network((Standardize(replace(PYTORCH, eps=0.0)),))


class Setup(Settings):
    runs: int = setting(16, "independent repetitions, each with a random stream of its own")
    batches: tuple[int, ...] = setting((2, 3, 4, 5, 6, 8, 16, 32, 64, 128, 256), "batch sizes m")
    draws: int = setting(4096, "random batches of each run and size")
    film: tuple[int, int] = setting((2, 64), "smallest and largest batch size of the film")
    film_values: int = setting(400_000, "normalized values in each histogram of the film, about")
    bins: int = setting(100, "bins of every histogram, from −4 to 4")
    outlier_batches: tuple[int, ...] = setting((2, 4, 8, 32, 256, 1024), "m with an outlier")
    distances_per_decade: int = setting(12, "distances of the outlier, from 0.1 to 1,000 σ")
    seed: int = setting(3, "every random stream is spawned from it")


SIZES = (2, 3, 4, 5, 8, 16, 64, 256)
QUICK = Setup(batches=SIZES, draws=128, film_values=4000, distances_per_decade=4)
FULL, PAPER = Setup(), Setup(runs=64, draws=16_384, film_values=2_000_000)


def points(s):
    """What each batch size leaves, the distribution at each, the film, and outliers."""
    found = {"film": call(frames, s)}
    for m in s.batches:
        found[f"batch-{m:03d}"] = call(remains, s, batch=m)
        found[f"distribution-{m:03d}"] = call(distribution, s, batch=m, count=s.runs)
    return found | {f"outlier-{m:04d}": call(outlier, s, batch=m) for m in s.outlier_batches}


def normalized(x, runs):
    """x̂ of (run, sample, batch), where every column is a batch."""
    return start(NETWORK, runs, x.shape[2], dtype=float).outputs(x, training=True)


def remains(batch, draws, runs):
    """How far normalized values reach, and how much of a random gradient gets through."""
    read = []
    for one in runs.groups(1):  # all runs together would take much memory
        x, g = normal(one.part(batch).streams(), 2, 1, batch, draws)[0]
        model = start(NETWORK, one, draws, dtype=float)
        xhat, saved, _ = model.forward(x, training=True)
        dx, _ = NETWORK.backward(model.params, saved, g)
        share = np.square(dx).sum(axis=1) * saved[0]["var"] / np.square(g).sum(axis=1)
        read.append(((np.abs(xhat) > BEYOND).mean(), np.abs(xhat).std(), share.mean()))
    beyond, spread, passed = zip(*read, strict=True)
    found = {
        "beyond": (beyond, "share of normalized values beyond 2"),
        "size_spread": (spread, "standard deviation of |x̂| over all samples and batches"),
        "passed": (passed, "share of a random gradient's squared length that gets through"),
    }
    return table(found, batch=batch, run=runs)


def distribution(batch, draws, bins, seed, count):
    """The distribution of normalized values, of all runs together: hence a count and no `runs`."""
    edges, histograms, first = np.linspace(-4, 4, bins + 1), [], []
    for one in Runs(seed, count).groups(1):
        xhat = normalized(normal(one.part(batch).streams(), batch, draws), one)[0]
        histograms.append(histogram(xhat, edges))
        first.append(xhat[0])  # the samples of a batch depend on each other; one of each does not
    first, cdf = np.concatenate(first), partial(theory.normalized_cdf, m=batch)
    # Two values are −1 and 1, where the distribution function jumps; between them it is one half.
    pair = np.sqrt(first.size) * abs((first < 0).mean() - 0.5)
    distance = pair if batch == 2 else kolmogorov(first, cdf)
    expected, gaussian = binned_density(cdf, edges), binned_density(ndtr, edges)
    found = {
        "histogram": (np.mean(histograms, axis=0), "density of normalized values"),
        "histogram_theory": (expected, "the same, closed form, averaged over the bin"),
        "histogram_gaussian": (gaussian, "standard normal density, averaged over it", "1", "bin"),
        "kolmogorov": (distance, DISTANCE, "1", "batch"),
    }
    return table(found, batch=batch, bin=(edges[1:] + edges[:-1]) / 2)


def frames(film, film_values, bins, seed):
    """Histogram and closed form for every batch size of the film."""
    edges, sizes = np.linspace(-4, 4, bins + 1), range(film[0], film[1] + 1)
    measured, expected = [], []
    for m, one in zip(sizes, Runs(seed, len(sizes)).part(1_000_001).groups(1), strict=True):
        x = normal(one.streams(), m, -(-film_values // m))
        measured.append(histogram(normalized(x, one), edges))
        expected.append(binned_density(partial(theory.normalized_cdf, m=m), edges))
    found = {
        "film_histogram": (measured, "density of normalized values"),
        "film_theory": (expected, "the same, closed form, averaged over the bin"),
    }
    return table(found, film_batch=sizes, bin=(edges[1:] + edges[:-1]) / 2)


def outlier(batch, distances_per_decade, runs):
    """Where a sample comes to lie that is moved away from its neighbours."""
    z = np.logspace(-1, 3, 4 * distances_per_decade + 1)
    others = normal(runs.part(2_000_000 + batch).streams(), batch - 1, 1)
    # z is in standard deviations of the others; a single one has none: z is the distance itself.
    scale = others.std(axis=1, keepdims=True) if batch > 2 else 1.0
    others = (others - others.mean(axis=1, keepdims=True)) / scale
    moved = np.broadcast_to(z, (len(runs), 1, z.size))
    x = np.concatenate([moved, np.repeat(others, z.size, axis=2)], axis=1)
    expected = theory.normalized_outlier(z, batch) if batch > 2 else np.ones(z.size)
    found = {
        "outlier": (normalized(x, runs)[:, 0], "normalized value of the outlier"),
        "outlier_theory": (expected, "the same, closed form", "1", "outlier_batch distance"),
        "bound": (theory.largest_normalized(batch), "√(m−1)", "1", "outlier_batch"),
    }
    return table(found, outlier_batch=batch, run=runs, distance=z)


# ------------------------------------------------------------------------------------------ claims


PASSED, TAIL = value("passed"), value("beyond") / BEYOND_GAUSSIAN
THROUGH = "gradient that gets through", PASSED, above(0.1, "% of its squared length")
APART = "spread of |x̂|", value("size_spread"), above(0.1)
OUTLIER = value("outlier", distance=Near(10))  # standard deviations from its neighbours
NORMAL, FAR = within(1, relative=0.05), above(9)
BY_CHANCE = below(KOLMOGOROV, "(chance exceeds it once in a thousand)")

CLAIMS = {
    "two-values-are-enough": depends(
        "PyTorch asks for more than one value per channel, so two are enough.",
        source="reader",
        cases=tuple(
            Case(f"{m} values: {what}", of.at(batch=m).mean(), rule)
            for m in (2, 3)
            for what, of, rule in (THROUGH, APART)
        ),
        because="Two values normalize to −1 and 1 whatever they were, and no gradient gets back; "
        "from three on, something does.",
    ),
    "normalized-is-gaussian": depends(
        "Normalized values of Gaussian inputs follow the standard normal distribution.",
        source="overview",
        cases=tuple(
            Case(f"batch of {m}, share beyond 2 over a Gaussian’s", TAIL.at(batch=m).mean(), NORMAL)
            for m in (4, 8, 16, 64, 256)
        ),
        because="Mean zero and variance one hold in each batch, so values lie on a sphere, and its "
        "coordinates are nearly Gaussian only in many dimensions.",
    ),
    "normalized-distribution-is-known": supported(
        "A normalized Gaussian value has a distribution that depends on the batch size alone: "
        "Thompson’s.",
        source="thompson1935",
        cases=tuple(
            Case(f"batch of {m}, {DISTANCE}", value("kolmogorov", batch=m).exact(), BY_CHANCE)
            for m in (2, 3, 4, 8, 16, 64)
        ),
        because="A Gaussian batch has no preferred direction, so its normalized form is a uniform "
        "point of a sphere.",
    ),
    "outliers-stay-outliers": depends(
        "An outlier stays as far out after batch norm as it was before, in standard deviations.",
        source="reader",
        cases=tuple(
            Case(f"at 10 σ, batch of {m}, normalized", OUTLIER.at(outlier_batch=m).every(), FAR)
            for m in (8, 32, 256, 1024)
        ),
        because="The outlier is counted in the standard deviation it is divided by, which bounds "
        "it by √(m − 1).",
    ),
}

VALUES = {
    "three_passed": PASSED.at(batch=3).mean(),
    "eight_passed": PASSED.at(batch=8).mean(),
    "tail_sixteen": TAIL.at(batch=16).mean(),
    "tail_sixty_four": TAIL.at(batch=64).mean(),
    "outlier_eight": OUTLIER.at(outlier_batch=8).every(),
    "outlier_thirty_two": OUTLIER.at(outlier_batch=32).every(),
    "outlier_error": abs(value("outlier") - value("outlier_theory")).every(),
    "kolmogorov_worst": value("kolmogorov").over("batch", "max").exact(),
}
