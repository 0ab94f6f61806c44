"""Does batch norm make gradient descent converge at any learning rate?

Least squares with uncorrelated inputs whose variances span a factor of a hundred, solved by gradient descent on the whole
data: once as it is, y ≈ w·x, and once with a batch norm in front of the output, y ≈ γ (w·x)/std(w·x). The learning rate of w sweeps six
decades; γ has a rate of its own, at most 1, as in the theorem. Both are computed from the inputs' covariance alone, which is exact at ε = 0;
a test holds the steps against the engine's own layers.

What came out: without batch norm the rate decides, with the edge at two over the largest eigenvalue and nothing to be had beyond. With
it every rate converges, since a rate that is too high lengthens the weights until it is not. It is not free: the number of steps still depends on
the rate, by orders of magnitude at both ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.measures.statistics import median, paired_ratio, share, spread
from experiments.theory import optimization as theory

MODELS = ("none", "batch norm")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # random solutions u and random starts
    inputs: int = (
        8  # features; their variances fall evenly, by ratio, from the largest to the smallest
    )
    conditions: tuple[float, ...] = (
        4.0,
        25.0,
        100.0,
    )  # condition numbers: largest variance over smallest; the largest is 1
    rates: int = 25  # learning rates of w, from 0.001 to 1000
    scale_rate: float = 1.0  # upper bound of the learning rate of γ, which is otherwise that of w
    steps: int = 30_000  # of gradient descent
    goal: float = (
        0.01  # the loss, as a share of the variance of y over 2, at which a run has arrived
    )
    edge: tuple[float, ...] = (
        0.5,
        0.9,
        0.99,
        0.999,
        1.001,
        1.01,
        1.1,
        1.5,
    )  # rates near the edge, as shares of 2/λₘₐₓ
    edge_steps: int = 20_000  # of plain gradient descent near the edge
    seed: int = 12  # every random stream is spawned from it


QUICK = Setup(rates=13, steps=3000, edge_steps=3000)
FULL = Setup()
PAPER = Setup(runs=64, rates=49, steps=300_000)


@dataclass(frozen=True)
class Point:
    """One condition number, swept or near the edge."""

    part: str  # "sweep" or "edge"
    condition: float
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """One for each condition number and part; some seconds at most."""
    return {
        f"{part}-{c:g}": Point(part, c, setup)
        for part in ("edge", "sweep")
        for c in setup.conditions
    }


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    return {"sweep": _sweep, "edge": _edge}[point.part](point)


def task(setup: Setup, condition: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variances of the inputs (input,), solutions u (run, input) with Var(u·x) = 1, and starts (run, input) of length 1."""
    solutions, starts = (
        np.stack(
            [
                np.random.default_rng(s).standard_normal(setup.inputs)
                for s in stream.spawn(setup.runs)
            ]
        )
        for stream in np.random.SeedSequence(setup.seed).spawn(2)
    )
    variances = np.geomspace(1.0, 1.0 / condition, setup.inputs)
    solutions /= np.sqrt((variances * solutions**2).sum(axis=1, keepdims=True))
    return variances, solutions, starts / np.linalg.norm(starts, axis=1, keepdims=True)


def plain_step(
    w: np.ndarray, rate: np.ndarray, variances: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Loss ½(w − u)ᵀH(w − u) and the next w; the last axis is the input's, H = diag(variances)."""
    off = w - u
    slope = variances * off
    return 0.5 * (off * slope).sum(axis=-1), w - rate[..., None] * slope


def normalized_step(
    w: np.ndarray,
    gamma: np.ndarray,
    rate: np.ndarray,
    scale_rate: np.ndarray,
    variances: np.ndarray,
    u: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loss ½(γ² − 2γ wᵀHu/s + 1) with s² = wᵀHw and uᵀHu = 1, and the next w and γ (Cai et al. 2019)."""
    target, own = variances * u, variances * w
    squared = (w * own).sum(axis=-1)
    s, along = np.sqrt(squared), (w * target).sum(axis=-1)
    loss = 0.5 * (gamma**2 - 2 * gamma * along / s + 1)
    slope = -(gamma / s)[..., None] * (target - (along / squared)[..., None] * own)
    return loss, w - rate[..., None] * slope, gamma - scale_rate * (gamma - along / s)


@np.errstate(over="ignore", invalid="ignore")  # a run may diverge: inf is its result
def _sweep(point: Point) -> xr.Dataset:
    """Both at every rate: the loss on the way, when it arrives, and the effective rate at the end."""
    setup = point.setup
    variances, u, start = task(setup, point.condition)
    rates = np.logspace(-3, 3, setup.rates)
    u = u[:, None, :]
    rate = np.tile(rates, (setup.runs, 1))
    scale_rate = np.minimum(rate, setup.scale_rate)
    kept = np.unique(np.round(np.geomspace(1, setup.steps + 1, 60)).astype(int)) - 1
    loss = np.empty((2, kept.size, setup.runs, rates.size))
    arrived = np.full((2, setup.runs, rates.size), np.inf)
    plain = bn = np.repeat(start[:, None, :], rates.size, axis=1)
    gamma = np.ones((setup.runs, rates.size))
    position = 0
    for step in range(setup.steps + 1):
        lost, plain = plain_step(plain, rate, variances, u)
        lost_bn, bn, gamma = normalized_step(bn, gamma, rate, scale_rate, variances, u)
        for model, values in enumerate((lost, lost_bn)):
            first = (values < setup.goal / 2) & np.isinf(arrived[model])
            arrived[model][first] = step
        if step == kept[position]:
            loss[:, position] = lost, lost_bn
            position += 1
    # Near the solution, w ≈ c u, gradient descent on w goes as with rate/c² on a quadratic with this matrix (see the page).
    target = variances * u[:, 0]
    sharpest = np.array(
        [np.linalg.eigvalsh(np.diag(variances) - np.outer(g, g))[-1] for g in target]
    )
    c2 = (bn**2).sum(axis=2) / (u**2).sum(axis=2)
    dims = ("condition", "model", "run", "learning_rate")
    return xr.Dataset(
        {
            "loss": (("condition", "model", "step", "run", "learning_rate"), np.where(np.isnan(loss), np.inf, 2 * loss)[None],
                     {"long_name": "loss over half the variance of y", "units": "1"}),
            "arrival": (dims, arrived[None], {"long_name": "steps until the goal", "units": "steps"}),
            "effective": (dims[:1] + dims[2:], (rate / c2 * sharpest[:, None] / 2)[None],
                          {"long_name": "effective rate at the end, as a share of its edge", "units": "1"}),
        },
        coords={"condition": [point.condition], "model": list(MODELS), "step": kept.astype(np.int32),
                "run": np.arange(setup.runs, dtype=np.int32), "learning_rate": rates},
    )  # fmt: skip


def _edge(point: Point) -> xr.Dataset:
    """Plain gradient descent near the edge: by what factor a step multiplies the distance from u, in the end."""
    setup = point.setup
    variances, u, start = task(setup, point.condition)
    shares = np.array(setup.edge)
    w, u = np.repeat(start[:, None, :], shares.size, axis=1), u[:, None, :]
    rate = np.tile(shares * 2 / variances.max(), (setup.runs, 1))
    off = w - u
    logs = np.zeros((setup.runs, shares.size))
    half = setup.edge_steps // 2
    for step in range(setup.edge_steps):
        # Measured from u, and brought back to length 1, which a linear map allows: nothing over- or underflows.
        _, off = plain_step(off, rate, variances, np.zeros_like(off))
        length = np.linalg.norm(off, axis=2)
        off /= length[..., None]
        if step >= half:
            logs += np.log(length)
    return xr.Dataset(
        {
            "factor": (("condition", "run", "share"), np.exp(logs / (setup.edge_steps - half))[None],
                       {"long_name": "factor of a step on the distance from the solution", "units": "1"}),
            "factor_theory": (("condition", "share"), theory.descent_factor(shares * 2, np.array([1.0, 1 / point.condition]))[None],
                              {"long_name": "largest |1 − η λ|", "units": "1"}),
        },
        coords={"condition": [point.condition], "share": shares, "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ what is claimed

CONDITION = 100.0  # of the claims


def _factor(share: float):
    """By what a step multiplies the distance: the mean over runs is beside the point, every run must agree."""
    return lambda results: spread(results["factor"].sel(condition=CONDITION, share=share).values)


def _factor_error(condition: float):
    def measure(results):
        at = results.sel(condition=condition)
        return spread(np.abs(at["factor"] - at["factor_theory"]).max("share").values)

    return measure


def _arrived(model: str, rate: float):
    """Share of runs that reached the goal."""

    def measure(results):
        at = (
            results["arrival"]
            .sel(condition=CONDITION, model=model)
            .sel(learning_rate=rate, method="nearest")
        )
        return share(np.isfinite(at.values))

    return measure


def _best(results, model: str, condition: float) -> np.ndarray:
    """Steps to the goal of every run, at the rate with the smallest median."""
    arrival = results["arrival"].sel(condition=condition, model=model)
    best = int(np.argmin(np.median(arrival.transpose("learning_rate", "run").values, axis=1)))
    return arrival.isel(learning_rate=best).values


def _speed(condition: float):
    """Steps of plain gradient descent over steps with batch norm, run by run, each at its best rate."""
    return lambda results: paired_ratio(
        _best(results, "none", condition), _best(results, "batch norm", condition)
    )


def _slower(rate: float):
    """Steps with batch norm at a rate over those at the best rate, run by run; a run that does not arrive takes infinitely many."""

    def measure(results):
        arrival = (
            results["arrival"]
            .sel(condition=CONDITION, model="batch norm")
            .sel(learning_rate=rate, method="nearest")
        )
        return median(arrival.values / _best(results, "batch norm", CONDITION))

    return measure


def _effective(rate: float):
    return lambda results: spread(
        results["effective"]
        .sel(condition=CONDITION)
        .sel(learning_rate=rate, method="nearest")
        .values
    )


def _arrival(model: str, rate: float):
    def measure(results):
        at = (
            results["arrival"]
            .sel(condition=CONDITION, model=model)
            .sel(learning_rate=rate, method="nearest")
        )
        return median(at.values, "steps")

    return measure


# What the other components still add to the factor: the logarithm of how much larger one started, e^10 at most, over the
# 10,000 steps of the second half.
LEFT_OVER = 1e-3

CLAIMS = (
    Claim(
        id="descent-has-an-edge",
        says="On least squares, gradient descent without batch norm is stable for rates below 2/λₘₐₓ and for no others.",
        source="cai2019",
        cases=(
            *(Case(f"η = {r:g} · 2/λₘₐₓ", _factor(r), lambda m: m.below(1), "in every run, steps come to shrink the distance")
              for r in (0.5, 0.9, 0.99, 0.999)),
            *(Case(f"η = {r:g} · 2/λₘₐₓ", _factor(r), lambda m: m.above(1), "in every run, steps come to stretch the distance")
              for r in (1.001, 1.01, 1.1, 1.5)),
        ),
        verdict="supported",
        figure="bngd-edge",
        because="Along the steepest direction a step multiplies the distance by 1 − ηλₘₐₓ, whose size is one at the edge.",
    ),
    Claim(
        id="descent-factor",
        says="In the end, a step of gradient descent multiplies the distance from the solution by max |1 − ηλ|.",
        source="reader",
        cases=tuple(
            Case(f"condition number {c:g}, rates from 0.5 to 1.5 of the edge", _factor_error(c), lambda m: m.below(LEFT_OVER),
                 "within 0.001 at every rate")
            for c in (4.0, 25.0, 100.0)
        ),
        verdict="supported",
        figure="bngd-edge",
        because="Each direction has a factor of its own, and the largest is left over.",
    ),
    Claim(
        id="any-rate-converges",
        says="With batch norm, gradient descent on least squares converges at any learning rate.",
        source="cai2019",
        cases=tuple(
            Case(f"η = {rate:g}", _arrived("batch norm", rate), lambda m: m.above(0.5),
                 "more than half of all runs bring the loss to 1 % within the steps")
            for rate in (0.001, 0.01, 0.1, 1, 10, 100, 1000)
        ),
        verdict="supported",
        figure="bngd-steps",
        because="A rate that is too high makes the weights longer until it is not too high any more.",
    ),
    Claim(
        id="no-need-to-tune",
        says="With batch norm the learning rate need not be tuned.",
        source="post",
        cases=tuple(
            Case(f"η = {rate:g}", _slower(rate), lambda m: m.below(10), "fewer than 10 times the steps at the best rate")
            for rate in (0.001, 0.01, 1, 1000)
        ),
        verdict="depends",
        figure="bngd-steps",
        because="It gets there from everywhere, but from far too small or far too large rates it takes hundreds of times as long.",
    ),
    Claim(
        id="rate-tunes-itself",
        says="With batch norm, the weights' length brings the effective learning rate below the edge of stability by itself.",
        source="arora2018",
        cases=tuple(
            Case(f"η = {rate:g}", _effective(rate), lambda m: m.below(1), "below the edge at the end, in every run")
            for rate in (0.1, 1, 10, 100, 1000)
        ),
        verdict="supported",
        figure="bngd-effective",
        because="Above the edge the steps are large, and every step makes the weights longer, by Pythagoras.",
    ),
    Claim(
        id="batch-norm-needs-fewer-steps",
        says="With batch norm, gradient descent needs fewer steps, each with its best learning rate.",
        source="overview",
        cases=tuple(
            Case(f"least squares, condition number {c:g}", _speed(c), lambda m: m.above(1),
                 "more steps without batch norm than with, to the same loss")
            for c in (4.0, 25.0, 100.0)
        ),
        verdict="refuted",
        figure="bngd-steps",
        because="Here batch norm makes the rate safe and not the problem easy: plain descent at its best rate arrives first.",
    ),
)  # fmt: skip

VALUES = {
    "arrived_low": _arrived("batch norm", 0.001),
    "arrived_high": _arrived("batch norm", 1000),
    "arrived_middle": _arrived("batch norm", 10),
    "arrived_plain": _arrived("none", 10),
    "steps_middle": _arrival("batch norm", 1),
    "steps_low": _arrival("batch norm", 0.01),
    "steps_high": _arrival("batch norm", 100),
    "speed": _speed(CONDITION),
    "effective_high": _effective(1000),
    "largest_effective": lambda results: spread(results["effective"].sel(condition=CONDITION).max("learning_rate").values),
    "factor_error": _factor_error(CONDITION),
}  # fmt: skip
