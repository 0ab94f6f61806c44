"""Does batch norm make gradient descent converge at any learning rate?

Least squares with uncorrelated inputs whose variances span a factor of a hundred, solved by
gradient descent on the whole data: once as it is, y ≈ w·x, and once with a batch norm in front of
the output, y ≈ γ (w·x)/std(w·x). The learning rate of w sweeps six decades; γ has a rate of its
own, at most 1, as in the theorem. Both are computed from the inputs' covariance alone, which is
exact at ε = 0.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, refuted, supported
from experiments.measures import least_squares
from experiments.results import Near, ratio, table, value
from experiments.study import Settings, call, setting


class Setup(Settings):
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
    return {f"condition-{c:g}": call(sweep, s, condition=c) for c in s.conditions}


@np.errstate(over="ignore", invalid="ignore")  # a run may diverge: inf is its result
def sweep(condition, features, rates, scale_rate, steps, goal, runs):
    """At every rate: loss and steps to the goal of both, and batch norm's final effective rate."""
    variances, u, start = least_squares.task(condition, features, runs)
    chosen, task = np.logspace(-3, 3, rates), (variances, u[:, None])
    rate = np.tile(chosen, (len(runs), 1))
    plain = bn = np.repeat(start[:, None], rates, axis=1)
    gamma, gamma_rate = np.ones(rate.shape), np.minimum(rate, scale_rate)
    arrived, losses = np.full((2, *rate.shape), np.inf), []
    kept = np.unique(np.round(np.geomspace(1, steps + 1, 60)).astype(int)) - 1
    for step in range(steps + 1):
        lost, plain = least_squares.plain_step(plain, rate, *task)
        lost_bn, bn, gamma = least_squares.normalized_step(bn, gamma, rate, gamma_rate, *task)
        both = np.array([lost, lost_bn])
        arrived[(both < goal / 2) & np.isinf(arrived)] = step
        if step in kept:
            losses.append(2 * both)
    grown = (bn**2).sum(axis=2) / (u**2).sum(axis=1, keepdims=True)  # ‖w‖²/‖u‖²
    sharpness = least_squares.normalized_sharpness(variances, u)[:, None]
    effective, loss = rate / grown * sharpness / 2, np.where(np.isnan(losses), np.inf, losses)
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
ARRIVING = "runs that bring the loss to 1 % within the steps"
MORE_STEPS = "steps over those at the best rate"
AT_END = "effective rate at the end over its edge, in every run"
AT_BEST = "steps to the same loss without batch norm over with"


def quickest(results, model, condition=CONDITION):
    """Steps to the goal at the rate with the smallest median; never is infinitely many."""
    steps = results["arrival"].sel(condition=condition, model=model)
    fastest = int(steps.median("run").argmin("learning_rate"))
    return steps.isel(learning_rate=fastest, drop=True)


def speed(condition):
    """Steps of plain gradient descent over steps with batch norm, each at its best rate."""
    return ratio(*(value(quickest, model, condition) for model in ("none", "batch norm")))


def at(rate, quantity):
    """A quantity at a learning rate η of the sweep."""
    return quantity.at(learning_rate=Near(rate))


STEPS = value("arrival", condition=CONDITION, model="batch norm")
ARRIVED, SLOWER = STEPS.map(np.isfinite), STEPS / value(quickest, "batch norm")
EFFECTIVE = value("effective", condition=CONDITION)

CLAIMS = {
    "any-rate-converges": supported(
        "With batch norm, gradient descent on least squares converges at any learning rate.",
        source="cai2019",
        cases=tuple(
            Case(f"η = {rate:g}, {ARRIVING}", at(rate, ARRIVED).share(), above(0.5, "% of all"))
            for rate in (0.001, 0.01, 0.1, 1, 10, 100, 1000)
        ),
        because="A rate that is too high makes the weights longer until it is not too high any "
        "more.",
    ),
    "no-need-to-tune": depends(
        "With batch norm the learning rate need not be tuned.",
        source="post",
        cases=tuple(
            Case(f"η = {rate:g}, {MORE_STEPS}", at(rate, SLOWER).median(), below(10))
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
            Case(f"η = {rate:g}, {AT_END}", at(rate, EFFECTIVE).every(), below(1))
            for rate in (0.1, 1, 10, 100, 1000)
        ),
        because="Above the edge the steps are large, and every step makes the weights longer, by "
        "Pythagoras.",
    ),
    "batch-norm-needs-fewer-steps": refuted(
        "With batch norm, gradient descent needs fewer steps, each with its best learning rate.",
        source="overview",
        cases=tuple(
            Case(f"least squares, condition number {c:g}, {AT_BEST}", speed(c), above(1))
            for c in FULL.conditions
        ),
        because="Here batch norm makes the rate safe and not the problem easy: plain descent at "
        "its best rate arrives first.",
    ),
}

VALUES = {
    "arrived_high": at(1000, ARRIVED).share(),
    "arrived_middle": at(10, ARRIVED).share(),
    "steps_middle": at(1, STEPS).median(),
    "steps_low": at(0.01, STEPS).median(),
    "steps_high": at(100, STEPS).median(),
    "speed": speed(CONDITION),
    "effective_high": at(1000, EFFECTIVE).every(),
    "largest_effective": EFFECTIVE.over("learning_rate", "max").every(),
}
