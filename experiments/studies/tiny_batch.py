"""What is left of a normalized value when the batch is tiny?

Batches of Gaussian numbers go through `Standardize` with ε = 0, for many batch sizes, and what comes out is held against closed
forms: how large a normalized value can be, how it is distributed, what the batch variance and its inverse are on average,
and how much of a gradient gets back through. One sample is moved away from its neighbours, to see how far out it can come to lie.

What came out: the closed forms hold. In a batch of two a normalized value is a sign and no gradient gets through; in a batch of four
it is spread evenly between two bounds; it resembles a Gaussian only in batches of dozens. An outlier is pulled in to the bound
√(m − 1). The batch variance is too small by 1/m, and the inverse variance, which scales squared gradients, is
too large by much more, without a finite mean up to three samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import erfc, sqrt

import numpy as np
import xarray as xr
from scipy.special import ndtr

from experiments.before import Case, Claim
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.statistics import exact, mean, median, spread
from experiments.theory import transform as theory

ROUND_OFF = 1e-12  # sums of at most 1,024 float64 terms of order one: 1,024 * 2**-53 is 1.1e-13
BEYOND = 2.0  # where the tail of the distribution begins
BEYOND_GAUSSIAN = erfc(BEYOND / sqrt(2))  # share of a standard normal variable that lies beyond
KOLMOGOROV = 1.95  # √n times the largest distance of distribution functions: exceeded by chance once in a thousand
LAYER = Standardize(convention=replace(PYTORCH, eps=0.0))


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # independent repetitions, each with a random stream of its own
    batches: tuple[int, ...] = (2, 3, 4, 5, 6, 8, 16, 32, 64, 128, 256)  # batch sizes m
    draws: int = 4096  # random batches of each run and size
    film: tuple[int, int] = (2, 64)  # smallest and largest batch size of the film
    film_values: int = 400_000  # normalized values in each histogram of the film, about
    bins: int = 100  # bins of every histogram, from −4 to 4
    outlier_batches: tuple[int, ...] = (
        2,
        4,
        8,
        32,
        256,
        1024,
    )  # batch sizes with one sample away from the others
    distances_per_decade: int = (
        12  # distances of that sample, from 0.1 to 1,000 standard deviations
    )
    seed: int = 3  # every random stream is spawned from it


QUICK = Setup(
    batches=(2, 3, 4, 5, 8, 16, 64, 256), draws=128, film_values=4000, distances_per_decade=4
)
FULL = Setup()
PAPER = Setup(runs=64, draws=16_384, film_values=2_000_000)


@dataclass(frozen=True)
class Point:
    """One batch size, the film or the outliers."""

    part: str  # "batch", "film" or "outlier"
    batch: int  # batch size of the part "batch", else 0
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """One point a batch size, one for the film, one for the outliers; each takes at most a second or two."""
    return {f"batch-{m:03d}": Point("batch", m, setup) for m in setup.batches} | {
        part: Point(part, 0, setup) for part in ("film", "outlier")
    }


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    if point.part == "batch":
        return _batch(point.setup, point.batch)
    return {"film": _film, "outlier": _outlier}[point.part](point.setup)


def _rngs(setup: Setup, part: int) -> list[np.random.Generator]:
    """One generator a run, independent of the other parts'."""
    return [
        np.random.default_rng(s)
        for s in np.random.SeedSequence((setup.seed, part)).spawn(setup.runs)
    ]


def _standardize(x: np.ndarray) -> dict:
    """Normalize (sample, batch): every column is a batch of its own."""
    params, state, _ = LAYER.init(
        [np.random.default_rng(0)], x.shape[1], x.dtype
    )  # which draws no numbers
    return LAYER.forward(params, state, x[None], training=True)[1]


def _batch(setup: Setup, m: int) -> xr.Dataset:
    """Everything about random batches of one size."""
    counts = np.unique(np.round(np.logspace(1, np.log10(setup.draws), 25)).astype(int))
    names = ("variance", "inverse", "beyond", "size_spread", "passed", "histogram")
    out, first = {name: [] for name in names}, []
    for rng in _rngs(setup, m):
        x, g = rng.standard_normal((m, setup.draws)), rng.standard_normal((m, setup.draws))
        saved = _standardize(x)
        xhat, variance = saved["xhat"][0], saved["var"][0]
        dx, _ = LAYER.backward({}, saved, g[None])
        inverse = 1 / variance
        out["variance"].append(variance.mean())
        out["inverse"].append((np.cumsum(inverse) / np.arange(1, setup.draws + 1))[counts - 1])
        out["beyond"].append((np.abs(xhat) > BEYOND).mean())
        out["size_spread"].append(np.abs(xhat).std())
        out["passed"].append(
            (np.square(dx[0]).sum(axis=0) * variance / np.square(g).sum(axis=0)).mean()
        )
        out["histogram"].append(_histogram(setup, xhat))
        first.append(
            xhat[0]
        )  # one sample of each batch: independent of the others, as the test of a distribution needs
    run = ("batch", "run")
    return xr.Dataset(
        {
            "variance": (run, np.array(out["variance"])[None],
                         {"long_name": "mean variance of a batch, divisor m", "units": "population variance"}),
            "inverse_variance": ((*run, "count"), np.array(out["inverse"])[None],
                                 {"long_name": "mean of 1/σ² over the first batches", "units": "1/population variance"}),
            "beyond": (run, np.array(out["beyond"])[None],
                       {"long_name": "share of normalized values beyond 2", "units": "1"}),
            "size_spread": (run, np.array(out["size_spread"])[None],
                            {"long_name": "standard deviation of |x̂| over all samples and batches", "units": "1"}),
            "passed": (run, np.array(out["passed"])[None],
                       {"long_name": "share of a random gradient's squared length that gets through", "units": "1"}),
            "histogram": (("batch", "bin"), np.mean(out["histogram"], axis=0)[None],
                          {"long_name": "density of normalized values", "units": "1"}),
            "histogram_theory": (("batch", "bin"), _density(setup, partial(theory.normalized_cdf, m=m))[None],
                                 {"long_name": "the same, closed form, averaged over the bin", "units": "1"}),
            "histogram_gaussian": ("bin", _density(setup, ndtr),
                                   {"long_name": "standard normal density, averaged over the bin", "units": "1"}),
            "kolmogorov": ("batch", [_kolmogorov(np.concatenate(first), m)],
                           {"long_name": "√n × largest distance from the closed-form distribution function", "units": "1"}),
            "variance_theory": ("batch", [theory.batch_variance(m)], {"long_name": "(m−1)/m", "units": "population variance"}),
            "inverse_variance_theory": ("batch", [theory.inverse_batch_variance(m)],
                                        {"long_name": "m/(m−3)", "units": "1/population variance"}),
        },
        coords={"batch": np.array([m], dtype=np.int32), "run": np.arange(setup.runs, dtype=np.int32),
                "count": counts.astype(np.int32), "bin": _bins(setup)},
    )  # fmt: skip


def _edges(setup: Setup) -> np.ndarray:
    return np.linspace(-4, 4, setup.bins + 1)


def _bins(setup: Setup) -> np.ndarray:
    """The middles of the histogram's bins."""
    return (_edges(setup)[1:] + _edges(setup)[:-1]) / 2


def _histogram(setup: Setup, xhat: np.ndarray) -> np.ndarray:
    """Density in every bin; values beyond the last bin count in the whole."""
    counts, edges = np.histogram(xhat, _edges(setup))
    return counts / (xhat.size * np.diff(edges))


def _density(setup: Setup, cdf: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Density in every bin by a distribution function."""
    return np.diff(cdf(_edges(setup))) / np.diff(_edges(setup))


def _kolmogorov(values: np.ndarray, m: int) -> float:
    """√n sup|F_n − F|, the statistic of Kolmogorov's test against the closed form; for m = 2 of the share of −1."""
    values, n = np.sort(values), values.size
    if m == 2:
        return np.sqrt(n) * abs((values < 0).mean() - 0.5)
    expected = theory.normalized_cdf(values, m)
    steps = np.arange(n + 1) / n
    return np.sqrt(n) * max((steps[1:] - expected).max(), (expected - steps[:-1]).max())


def _film(setup: Setup) -> xr.Dataset:
    """The histogram of normalized values for every batch size of the film, and what the closed form puts into each bin."""
    sizes, histogram, expected = range(setup.film[0], setup.film[1] + 1), [], []
    for m, rng in zip(
        sizes, np.random.SeedSequence((setup.seed, 1_000_001)).spawn(len(sizes)), strict=True
    ):
        x = np.random.default_rng(rng).standard_normal((m, -(-setup.film_values // m)))
        histogram.append(_histogram(setup, _standardize(x)["xhat"][0]))
        expected.append(_density(setup, partial(theory.normalized_cdf, m=m)))
    return xr.Dataset(
        {
            "film_histogram": (("film_batch", "bin"), np.array(histogram),
                               {"long_name": "density of normalized values", "units": "1"}),
            "film_theory": (("film_batch", "bin"), np.array(expected),
                            {"long_name": "the same, closed form, averaged over the bin", "units": "1"}),
        },
        coords={"film_batch": np.array(sizes, dtype=np.int32), "bin": _bins(setup)},
    )  # fmt: skip


def _outlier(setup: Setup) -> xr.Dataset:
    """Where a sample comes to lie that is moved away from its neighbours."""
    distances = np.logspace(-1, 3, 4 * setup.distances_per_decade + 1)
    found = np.empty((len(setup.outlier_batches), distances.size, setup.runs))
    for k, m in enumerate(setup.outlier_batches):
        for i, rng in enumerate(_rngs(setup, 2_000_000 + m)):
            others = rng.standard_normal((m - 1, 1))
            # The distance is in standard deviations of the others: two of them at least, or it is the distance itself.
            others = (others - others.mean()) / (others.std() if m > 2 else 1.0)
            x = np.concatenate([distances[None], np.repeat(others, distances.size, axis=1)])
            found[k, :, i] = _standardize(x)["xhat"][0, 0]
    m, z = np.array(setup.outlier_batches, dtype=np.int32), distances
    expected = np.where(m[:, None] > 2, theory.normalized_outlier(z[None], m[:, None]), 1.0)
    return xr.Dataset(
        {
            "outlier": (("outlier_batch", "distance", "run"), found,
                        {"long_name": "normalized value of the outlier", "units": "1"}),
            "outlier_theory": (("outlier_batch", "distance"), expected,
                               {"long_name": "the same, closed form", "units": "1"}),
            "bound": ("outlier_batch", theory.largest_normalized(m), {"long_name": "√(m−1)", "units": "1"}),
        },
        coords={"outlier_batch": m, "distance": distances, "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ what is claimed


def _mean(variable: str, m: int):
    return lambda results: mean(results[variable].sel(batch=m).values)


def _tail(m: int):
    """Share of values beyond 2, over that of a standard normal variable."""
    return lambda results: mean(results["beyond"].sel(batch=m).values / BEYOND_GAUSSIAN)


def _inverse(m: int):
    """Mean of 1/σ² over all batches of a run."""
    return lambda results: mean(results["inverse_variance"].sel(batch=m).isel(count=-1).values)


def _inverse_median(m: int):
    """The same where it has no expectation: the run in the middle."""
    return lambda results: median(results["inverse_variance"].sel(batch=m).isel(count=-1).values)


def _distance(m: int):
    return lambda results: exact(results["kolmogorov"].sel(batch=m).item())


def _outlier_at(z: float, m: int):
    return lambda results: spread(
        results["outlier"].sel(outlier_batch=m).sel(distance=z, method="nearest").values
    )


CLAIMS = (
    Claim(
        id="two-values-are-enough",
        says="PyTorch asks for more than one value per channel, so two are enough.",
        source="reader",
        cases=(
            Case("2 values: gradient that gets through", _mean("passed", 2), lambda m: m.above(0.1),
                 "more than a tenth of its squared length"),
            Case("2 values: spread of |x̂|", _mean("size_spread", 2), lambda m: m.above(0.1), "above 0.1"),
            Case("3 values: gradient that gets through", _mean("passed", 3), lambda m: m.above(0.1),
                 "more than a tenth of its squared length"),
            Case("3 values: spread of |x̂|", _mean("size_spread", 3), lambda m: m.above(0.1), "above 0.1"),
        ),
        verdict="depends",
        figure="tiny-batch-histogram",
        because="Two values normalize to −1 and 1 whatever they were, and no gradient gets back; from three on, something does.",
    ),
    Claim(
        id="normalized-is-gaussian",
        says="Normalized values of Gaussian inputs follow the standard normal distribution.",
        source="overview",
        cases=tuple(
            Case(f"batch of {m}", _tail(m), lambda m: m.within(1, relative=0.05),
                 "share beyond 2 within 5 % of the standard normal distribution's")
            for m in (4, 8, 16, 64, 256)
        ),
        verdict="depends",
        figure="tiny-batch-density",
        because="Mean zero and variance one hold in each batch, so values lie on a sphere, and its coordinates are nearly "
        "Gaussian only in many dimensions.",
    ),
    Claim(
        id="normalized-distribution-is-known",
        says="A normalized Gaussian value has a distribution that depends on the batch size alone: Thompson’s.",
        source="thompson1935",
        cases=tuple(
            Case(f"batch of {m}", _distance(m), lambda m: m.below(KOLMOGOROV),
                 "√n × largest distance from the closed form below 1.95, the level that chance exceeds once in a thousand")
            for m in (2, 3, 4, 8, 16, 64)
        ),
        verdict="supported",
        figure="tiny-batch-density",
        because="A Gaussian batch has no preferred direction, so its normalized form is a uniform point of a sphere.",
    ),
    Claim(
        id="outliers-stay-outliers",
        says="An outlier stays as far out after batch norm as it was before, in standard deviations.",
        source="reader",
        cases=tuple(
            Case(f"10 standard deviations from its neighbours, batch of {m}", _outlier_at(10, m), lambda m: m.above(9),
                 "above 9 after normalizing")
            for m in (8, 32, 256, 1024)
        ),
        verdict="depends",
        figure="tiny-batch-outlier",
        because="The outlier is counted in the standard deviation it is divided by, which bounds it by √(m − 1).",
    ),
    Claim(
        id="batch-variance-is-population-variance",
        says="On average, the variance of a batch is that of the population.",
        source="overview",
        cases=tuple(
            Case(f"batch of {m}", _mean("variance", m), lambda m: m.within(1, relative=0.01),
                 "mean within 1 % of the population’s variance")
            for m in (2, 4, 8, 64, 256)
        ),
        verdict="depends",
        figure="tiny-batch-variance",
        because="It is (m − 1)/m of it: the batch’s own mean lies nearer to its samples than the population’s does.",
    ),
    Claim(
        id="small-batches-only-add-noise",
        says="Small batches make the gradient noisier, but not larger.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}", _inverse(m), lambda m: m.within(1, relative=0.1),
                 "mean of 1/σ², which scales squared gradients, within 10 % of the population’s")
            for m in (8, 16, 64, 256)
        ),
        verdict="depends",
        figure="tiny-batch-variance",
        because="Batches that happen to vary little count for more: the mean of 1/σ² is m/(m − 3), and infinite up to three samples.",
    ),
)  # fmt: skip

VALUES = {
    "pair_passed": _mean("passed", 2),
    "pair_spread": _mean("size_spread", 2),
    "three_passed": _mean("passed", 3),
    "eight_passed": _mean("passed", 8),
    "tail_four": _tail(4),
    "tail_sixteen": _tail(16),
    "tail_sixty_four": _tail(64),
    "variance_pair": _mean("variance", 2),
    "variance_eight": _mean("variance", 8),
    "inverse_eight": _inverse(8),
    "inverse_sixteen": _inverse(16),
    "inverse_sixty_four": _inverse(64),
    "inverse_pair": _inverse_median(2),
    "outlier_eight": _outlier_at(10, 8),
    "outlier_thirty_two": _outlier_at(10, 32),
    "outlier_error": lambda results: spread(
        np.abs(results["outlier"] - results["outlier_theory"]).values
    ),
    "farthest": lambda results: spread(
        (results["outlier"] / results["bound"]).max("distance").values
    ),
    "kolmogorov_worst": lambda results: exact(results["kolmogorov"].max().item()),
}
