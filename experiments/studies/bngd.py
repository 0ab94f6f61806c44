"""Does batch norm make gradient descent converge at any learning rate?

Least squares with uncorrelated inputs whose variances span a factor of a hundred, solved by
gradient descent on the whole data: once as it is, y ≈ w·x, and once with a batch norm in front of
the output, y ≈ γ (w·x)/std(w·x). The learning rate of w sweeps six decades; γ has a rate of its
own, at most 1, as in the theorem. Both are computed from the inputs' covariance alone, which is
exact at ε = 0; a test holds the steps against the engine's own layers.

What came out: without batch norm the rate decides, with nothing to be had beyond an edge
(`descent_edge`). With it every rate converges, since a rate that is too high lengthens the weights
until it is not. It is not free: the number of steps still depends on the rate, by orders of
magnitude at both ends.
"""

from dataclasses import dataclass

import numpy as np

from experiments.measures.least_squares import (
    normalized_sharpness,
    normalized_step,
    plain_step,
    task,
)
from experiments.results import Near, ratio, table, value
from experiments.study import Case, above, below, call, depends, refuted, setting, supported


@dataclass(frozen=True)
class Setup:
    runs: int = setting(16, "random solutions u and random starts")
    features: int = setting(8, "inputs; their variances fall evenly, by ratio, from 1")
    conditions: tuple[float, ...] = setting(
        (4.0, 25.0, 100.0), "condition numbers: largest variance over smallest"
    )
    rates: int = setting(25, "learning rates of w, from 0.001 to 1000")
    scale_rate: float = setting(
        1.0, "upper bound of the learning rate of γ, which is otherwise that of w"
    )
    steps: int = setting(30_000, "of gradient descent")
    goal: float = setting(
        0.01, "the loss, as a share of the variance of y over 2, at which a run has arrived"
    )
    seed: int = setting(12, "every random stream is spawned from it")


QUICK, FULL = Setup(rates=13, steps=3000), Setup()
PAPER = Setup(runs=64, rates=49, steps=300_000)


def points(s):
    """Each condition number."""
    return {f"condition-{c:g}": call(sweep, s, condition=c) for c in s.conditions}


@np.errstate(over="ignore", invalid="ignore")  # a run may diverge: inf is its result
def sweep(condition, features, rates, scale_rate, steps, goal, runs):
    """At every rate: loss and steps to the goal of both, and batch norm's final effective rate."""
    variances, u, start = task(condition, features, runs)
    chosen = np.logspace(-3, 3, rates)
    rate, solution = np.tile(chosen, (len(runs), 1)), u[:, None]
    plain = bn = np.repeat(start[:, None], rates, axis=1)
    gamma, arrived, losses = np.ones(rate.shape), np.full((2, *rate.shape), np.inf), []
    kept = np.unique(np.round(np.geomspace(1, steps + 1, 60)).astype(int)) - 1
    for step in range(steps + 1):
        lost, plain = plain_step(plain, rate, variances, solution)
        lost_bn, bn, gamma = normalized_step(
            bn, gamma, rate, np.minimum(rate, scale_rate), variances, solution
        )
        both = np.array([lost, lost_bn])
        arrived[(both < goal / 2) & np.isinf(arrived)] = step
        if step in kept:
            losses.append(2 * both)
    grown = (bn**2).sum(axis=2) / (u**2).sum(axis=1, keepdims=True)  # ‖w‖²/‖u‖²
    effective = rate / grown * normalized_sharpness(variances, u)[:, None] / 2
    loss = np.where(np.isnan(losses), np.inf, losses)
    words, dims = "effective rate at the end, as a share of its edge", "run learning_rate"
    found = {
        "loss": (loss, "loss over half the variance of y", "1", f"step condition model {dims}"),
        "arrival": (arrived, "steps until the goal", "steps", f"condition model {dims}"),
        "effective": (effective, words, "1", f"condition {dims}"),
    }
    along = {"condition": condition, "model": ["none", "batch norm"], "step": kept, "run": runs}
    return table(found, **along, learning_rate=chosen)


# ------------------------------------------------------------------------------------------ claims

CONDITION = 100.0  # of the claims


def arrival(model, rate):
    """Steps to the goal; a run that does not arrive takes infinitely many."""
    return value("arrival", condition=CONDITION, model=model, learning_rate=Near(rate))


def arrived(model, rate):
    """Whether runs reached the goal."""
    return arrival(model, rate).map(np.isfinite)


def quickest(results, model, condition):
    """Steps to the goal at the rate with the smallest median."""
    steps = results["arrival"].sel(condition=condition, model=model)
    return steps.isel(learning_rate=int(steps.median("run").argmin("learning_rate")))


def slower(rate):
    """Steps with batch norm at a rate over those at the best rate."""
    return arrival("batch norm", rate) / value(quickest, "batch norm", CONDITION)


def effective(rate):
    """Effective rate at the end, as a share of its edge."""
    return value("effective", condition=CONDITION, learning_rate=Near(rate))


def speed(condition):
    """Steps of plain gradient descent over steps with batch norm, each at its best rate."""
    return ratio(*(value(quickest, model, condition) for model in ("none", "batch norm")))


CLAIMS = {
    "any-rate-converges": supported(
        "With batch norm, gradient descent on least squares converges at any learning rate.",
        source="cai2019",
        cases=tuple(
            Case(
                f"η = {rate:g}, runs that bring the loss to 1 % within the steps",
                arrived("batch norm", rate).share(),
                above(0.5, "% of all"),
            )
            for rate in (0.001, 0.01, 0.1, 1, 10, 100, 1000)
        ),
        because="A rate that is too high makes the weights longer until it is not too high any "
        "more.",
    ),
    "no-need-to-tune": depends(
        "With batch norm the learning rate need not be tuned.",
        source="post",
        cases=tuple(
            Case(
                f"η = {rate:g}, steps over those at the best rate",
                slower(rate).median(),
                below(10),
            )
            for rate in (0.001, 0.01, 1, 1000)
        ),
        because="It gets there from everywhere, but from far too small or far too large rates it "
        "takes hundreds of times as long.",
    ),
    "rate-tunes-itself": supported(
        "With batch norm, the weights' length brings the effective learning rate below the "
        "edge of stability by itself.",
        source="arora2018",
        cases=tuple(
            Case(
                f"η = {rate:g}, effective rate at the end over its edge, in every run",
                effective(rate).every(),
                below(1),
            )
            for rate in (0.1, 1, 10, 100, 1000)
        ),
        because="Above the edge the steps are large, and every step makes the weights longer, by "
        "Pythagoras.",
    ),
    "batch-norm-needs-fewer-steps": refuted(
        "With batch norm, gradient descent needs fewer steps, each with its best learning rate.",
        source="overview",
        cases=tuple(
            Case(
                f"least squares, condition number {c:g}, steps to the same loss without batch norm "
                "over with",
                speed(c),
                above(1),
            )
            for c in FULL.conditions
        ),
        because="Here batch norm makes the rate safe and not the problem easy: plain descent at "
        "its best rate arrives first.",
    ),
}

VALUES = {
    "arrived_high": arrived("batch norm", 1000).share(),
    "arrived_middle": arrived("batch norm", 10).share(),
    "steps_middle": arrival("batch norm", 1).median(),
    "steps_low": arrival("batch norm", 0.01).median(),
    "steps_high": arrival("batch norm", 100).median(),
    "speed": speed(CONDITION),
    "effective_high": effective(1000).every(),
    "largest_effective": value("effective", condition=CONDITION)
    .over("learning_rate", "max")
    .every(),
}
