"""Networks at several learning rates: at which each is fastest, and how many steps it takes.

Results have `accuracy` by norm, rate, step and run, and `steps_to`, the steps to each target
accuracy, by norm, rate, target and run. At one rate, or some, training is longer than at others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from experiments.measures.statistics import median
from experiments.results import FIRST, LAST, Measure, Place, Value, ratio, value


def main_rate(results: xr.Dataset) -> float:
    """The rate that is trained for the longest, and of several the best without normalization."""
    longest = results["accuracy"].sel(norm="none").isel(step=-1).dropna("rate")["rate"].values
    return best_rate(results.sel(rate=longest), "none")


def best_rate(results: xr.Dataset, norm: str) -> float:
    """The rate at which half of a network's runs reach the first target first, or the smallest."""
    steps = results["steps_to"].sel(norm=norm).isel(target=0).transpose("rate", "run")
    return float(results["rate"][np.argmin([median(runs).estimate for runs in steps.values])])


MAIN, SMALLEST = value(main_rate), value("rate").over("rate", "min")
# The last step that is read at every rate.
COMMON_STEP = value("accuracy").complete("step").coordinate("step").at(step=LAST)


def steps_to(norm: str, rate: Value = MAIN, target: Place = FIRST) -> Value:
    """Steps of each run to a target; a run that never gets there counts as all of its steps."""
    read = value("accuracy", norm=norm, rate=rate).complete("step").coordinate("step")
    return value("steps_to", norm=norm, rate=rate, target=target).capped(read.at(step=LAST))


def speedup(rate: Value = MAIN, target: Place = FIRST) -> Measure:
    """Steps without batch norm over steps with it, at least."""
    return ratio(steps_to("none", rate, target), steps_to("batch norm", rate, target))


def reached(norm: str, rate: Value = MAIN) -> Measure:
    """Share of runs that reach the first target."""
    return value("steps_to", norm=norm, rate=rate, target=FIRST).map(np.isfinite).share()


def less_is_faster(
    of: Callable[[str, Value], Value], one: tuple[str, Value], other: tuple[str, Value]
) -> Measure:
    """Share of runs in which the network with less of something takes no more steps to the target.

    Parameters
    ----------
    of : callable
        Norm and rate → how much a network has of it.
    one, other : tuple of str and Value
        Two networks: norm and rate.
    """
    first, second = steps_to(*one), steps_to(*other)
    faster = (of(*one) < of(*other), first <= second, second <= first)
    return value(lambda results: xr.where(*(each(results) for each in faster))).share()


# Each network at its own best rate.
BEST_SPEEDUP = ratio(*(steps_to(norm, value(best_rate, norm)) for norm in ("none", "batch norm")))
