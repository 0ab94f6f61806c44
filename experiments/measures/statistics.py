"""Numbers with intervals: what every claim and every quoted value is made of.

An interval is a 95 % interval over independent runs (bias-corrected and accelerated bootstrap,
Efron 1987, through `scipy.stats.bootstrap`) unless the function says otherwise. Two conditions are
compared in pairs: run `i` of one has the same initial weights and the same batches as run `i` of
the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
RESAMPLES = 9999
POINTS_AT_A_TIME = 32  # of a curve, so that their resamples fit into memory
SEED = 20150211  # any fixed number would do; this is the day the batch normalization paper appeared


@dataclass(frozen=True)
class Measurement:
    """An estimate with its interval.

    A comparison returns True if the whole interval agrees, False if all of it disagrees, and None
    if the interval straddles the threshold, so that this many runs cannot decide.

    Parameters
    ----------
    estimate, low, high : float
        The estimate and the ends of its interval, `low <= estimate <= high`. All three may be
        infinite.
    unit : str
        Unit of the three, empty for pure numbers.
    runs : int
        Independent runs behind the estimate; 1 for an exact computation.
    level : float
        Share of repetitions in which such an interval covers the truth: 0.95, or 1 if it spans
        everything tried.

    Raises
    ------
    ValueError
        If a number is undefined or the three are not in order.
    """

    estimate: float
    low: float
    high: float
    unit: str = ""
    runs: int = 1
    level: float = LEVEL

    def __post_init__(self) -> None:
        if any(math.isnan(x) for x in (self.estimate, self.low, self.high)):
            raise ValueError(
                f"a measurement must be defined, got {self.estimate} [{self.low}, {self.high}]"
            )
        if not self.low <= self.estimate <= self.high:
            raise ValueError(
                f"the estimate {self.estimate} is outside its interval [{self.low}, {self.high}]"
            )

    def above(self, threshold: float) -> bool | None:
        """Whether the quantity exceeds `threshold`; None if the interval straddles it."""
        return True if self.low > threshold else False if self.high <= threshold else None

    def below(self, threshold: float) -> bool | None:
        """Whether the quantity is under `threshold`; None if the interval straddles it."""
        return True if self.high < threshold else False if self.low >= threshold else None

    def within(self, target: float, *, relative: float = 0.0, absolute: float = 0.0) -> bool | None:
        """Whether the quantity lies within `relative * |target| + absolute` of `target`.

        None if the interval is partly inside the tolerance and partly outside.
        """
        tolerance = relative * abs(target) + absolute
        return self.inside(target - tolerance, target + tolerance)

    def inside(self, low: float, high: float) -> bool | None:
        """Whether the quantity lies from `low` to `high`; None if the interval crosses an end."""
        if low <= self.low and self.high <= high:
            return True
        if self.high < low or self.low > high:
            return False
        return None


def exact(value: float, unit: str = "") -> Measurement:
    """A number that was computed and not sampled: its interval has no width."""
    return Measurement(float(value), float(value), float(value), unit, level=1.0)


def spread(values: np.ndarray, unit: str = "") -> Measurement:
    """The median of deterministic results; its interval runs from the smallest to the largest.

    For a property that must hold in every instance, such as an identity checked on many random
    inputs: the interval covers all of them, not 95 %.
    """
    values = _finite(values)
    return Measurement(
        float(np.median(values)),
        float(values.min()),
        float(values.max()),
        unit,
        values.size,
        level=1.0,
    )


def mean(samples: np.ndarray, unit: str = "") -> Measurement:
    """The mean over runs with a 95 % bootstrap interval.

    Raises
    ------
    ValueError
        If a run is not finite: a run that diverged is counted (`share`) or ranked (`median`), never
        averaged.
    """
    samples = _finite(samples)
    centre, low, high = (float(found) for found in band(samples, -1))
    return Measurement(centre, low, high, unit, samples.size)


def median(samples: np.ndarray, unit: str = "") -> Measurement:
    """The median over runs with the exact 95 % interval of order statistics, for any distribution.

    Infinite samples are allowed: a run that never reaches a goal takes infinitely many steps.
    """
    from scipy.stats import binom

    samples = np.sort(np.asarray(samples, dtype=float).ravel())
    if np.isnan(samples).any():
        raise ValueError(f"{int(np.isnan(samples).sum())} of {samples.size} runs are undefined")
    n = samples.size
    rank = int(binom.ppf((1 - LEVEL) / 2, n, 0.5))
    middle = (
        samples[(n - 1) // 2]
        if n % 2 or np.isinf(samples[n // 2])
        else (samples[n // 2 - 1] + samples[n // 2]) / 2
    )
    return Measurement(
        float(middle),
        float(samples[max(rank - 1, 0)]),
        float(samples[min(n - rank, n - 1)]),
        unit,
        n,
    )


def share(events: np.ndarray) -> Measurement:
    """The share of runs in which an event happened, with a 95 % interval.

    The interval is the exact one of Clopper and Pearson (1934).
    """
    from scipy.stats import binomtest

    events = np.asarray(events, dtype=bool).ravel()
    test = binomtest(int(events.sum()), events.size)
    interval = test.proportion_ci(LEVEL, method="exact")
    return Measurement(
        float(events.mean()), float(interval.low), float(interval.high), "", events.size
    )


def paired_difference(first: np.ndarray, second: np.ndarray, unit: str = "") -> Measurement:
    """The mean over runs of `first - second`, run by run, with a 95 % bootstrap interval."""
    return mean(_paired(first, second, np.subtract), unit)


def paired_ratio(first: np.ndarray, second: np.ndarray) -> Measurement:
    """The geometric mean of `first / second`, run by run, with a 95 % bootstrap interval.

    Both must be positive.
    """
    log = mean(_paired(np.log(first), np.log(second), np.subtract))
    return Measurement(math.exp(log.estimate), math.exp(log.low), math.exp(log.high), "", log.runs)


def band(samples: np.ndarray, axis: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean along `axis` and the ends of its 95 % interval, at every point of a curve or a grid.

    Each point is treated as by `mean`. A point with samples that are not finite has their mean, and
    no interval (nan).

    Returns
    -------
    tuple of ndarray
        `(mean, low, high)`, each with `axis` removed.
    """
    samples = np.moveaxis(np.asarray(samples, dtype=float), axis, -1)
    points = samples.reshape(-1, samples.shape[-1])
    with np.errstate(invalid="ignore"):
        centre = points.mean(axis=1)
    low, high = np.full_like(centre, np.nan), np.full_like(centre, np.nan)
    finite = np.isfinite(points).all(axis=1)
    low[finite], high[finite] = _interval(points[finite], centre[finite])
    return tuple(found.reshape(samples.shape[:-1]) for found in (centre, low, high))


def _paired(first: np.ndarray, second: np.ndarray, operation: Callable) -> np.ndarray:
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.shape != second.shape:
        raise ValueError(
            f"paired conditions need the same runs, got shapes {first.shape} and {second.shape}"
        )
    return operation(first, second)


def _finite(samples: np.ndarray) -> np.ndarray:
    samples = np.asarray(samples, dtype=float).ravel()
    if samples.size == 0:
        raise ValueError("no runs to measure")
    if not np.isfinite(samples).all():
        bad = int((~np.isfinite(samples)).sum())
        raise ValueError(
            f"{bad} of {samples.size} runs are not finite: report their share, or use the median"
        )
    return samples


def _interval(points: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the 95 % interval of each point's mean: (point, sample) → (point,) twice.

    Bias-corrected and accelerated bootstrap, each point with the same resamples. Where all samples
    are alike to round-off there is nothing to resample, and the interval covers them.
    """
    from scipy.stats import bootstrap

    low, high = np.minimum(points.min(axis=1), centre), np.maximum(points.max(axis=1), centre)
    round_off = 64 * np.finfo(float).eps * np.abs(points).max(axis=1, initial=0)
    different = np.flatnonzero(np.ptp(points, axis=1) > round_off)
    for some in np.array_split(different, max(1, -(-different.size // POINTS_AT_A_TIME))):
        if some.size:
            found = bootstrap(
                (points[some],),
                np.mean,
                n_resamples=RESAMPLES,
                confidence_level=LEVEL,
                vectorized=True,
                axis=-1,
                method="BCa",
                rng=np.random.default_rng(SEED),
            ).confidence_interval
            low[some] = np.minimum(found.low, centre[some])
            high[some] = np.maximum(found.high, centre[some])
    return low, high
