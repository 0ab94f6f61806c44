"""Is the loss over γ and β a bowl, if the unit is linear?

The bowl (γ − γ*)² + (β − β*)² is drawn in explanations of batch norm as a picture; here it is the mean
squared error of a real batch norm layer whose output is compared with a target, and gradient descent
goes down it through the engine's own layers. The same for a scale and an offset without normalization
in front.

What came out: for a linear unit and squared error the bowl is exactly right, for every batch, because
normalized values and the constant are orthonormal.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat

import numpy as np
import xarray as xr

from experiments.engine.buffers import Buffers
from experiments.engine.loss import half_squared_error
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.train import Model
from experiments.results import Near, Value, table, value
from experiments.runs import Runs, normal
from experiments.study import Case, Claim, above, below, call, setting, within
from experiments.theory import optimization as theory
from experiments.theory.optimization import BOWL_MINIMUM as MINIMUM
from experiments.training import backpropagate, batch_norm, train

START = (1.0, 0.0)  # where γ and β start in every network
# The gradient is a mean over the samples, which loses at most a unit of round-off a sample,
# 64 · 1.1e-16, of numbers some times as large as the distance from the minimum.
ROUND_OFF = 1e-13
# The smaller eigenvalue is the difference of numbers larger by the condition number, 4354 at an
# offset of 8.
CONDITION_ROUND_OFF = 1e-9


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    rates: tuple[float, ...] = setting(
        (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1.01, 1.1), "learning rates α"
    )
    samples: int = setting(64, "in the batch")
    steps: int = setting(30, "of gradient descent")
    offsets: tuple[float, ...] = setting(
        (0.0, 0.5, 1.0, 2.0, 4.0, 8.0), "mean of the unit's input, in standard deviations"
    )
    runs: int = setting(16, "batches, each with a random stream of its own")
    seed: int = setting(31, "every random stream is spawned from it")


QUICK = Setup(steps=10, runs=4)
FULL = Setup()
PAPER = Setup(runs=64)


def points(s: Setup) -> dict:
    """Gradient descent, and the shape with and without normalization."""
    return {"descent": call(descent, s), "shape": call(shape, s)}


def problem(samples: int, runs: Runs, copies: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A batch, normalized, and a target for which the minimum is where the demo has it."""
    rngs = runs.part(0).streams(copies=copies)
    z, noise = normal(rngs, samples, 1), normal(rngs, samples, 1)
    xhat = batch_norm((len(z), 1), eps=0.0).outputs(z, training=True)
    # The target's covariance with x̂ and its mean are the minimum; what else is in it only lifts the bowl.
    noise -= noise.mean(axis=1, keepdims=True) + xhat * (noise * xhat).mean(axis=1, keepdims=True)
    return z, xhat, MINIMUM[0] * xhat + MINIMUM[1] + noise


def squared_error(
    y: np.ndarray, target: np.ndarray, buffers: Buffers | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """L = mean_samples (y − t)² and ∂L/∂y."""
    half, dy = half_squared_error(y, target, buffers)
    return 2 * half, 2 * dy


def starts(rates: tuple[float, ...]) -> np.ndarray:
    """For each rate a start as far from the minimum as (1, 0), in another direction; the first at (1, 0)."""
    found = []
    for turn in 2 * np.pi * np.arange(len(rates)) / len(rates):
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        found.append(MINIMUM + rotation @ np.subtract(START, MINIMUM))
    return np.array(found)


def descent(rates, samples, steps, runs) -> xr.Dataset:
    """Gradient descent on the mean squared error of one batch norm, all rates side by side."""
    z, _, target = problem(samples, runs, copies=len(rates))
    gamma, beta = (runs.each(start)[:, None] for start in starts(rates).T)
    model = batch_norm((len(z), 1), gamma, beta, eps=0.0)
    optimizer, batches = SGD(runs.each(rates)), repeat((z, target))
    path = np.array(
        [
            np.concatenate([m.params[1]["gamma"], m.params[1]["beta"]], axis=1)
            for m in train(model, batches, optimizer, steps, loss=squared_error)
        ]
    )
    off = path - MINIMUM
    predicted = (1 - 2 * runs.each(rates))[:, None] * off[:-1]
    size = np.linalg.norm(off, axis=2)
    error = np.linalg.norm(off[1:] - predicted, axis=2) / np.maximum(size[:1], size[:-1])
    words = "largest distance of a step from (1 − 2α) times the last, over the distance"
    factor, known = size[1] / size[0], theory.descent_factor(rates, np.array([2.0, 2.0]))
    by_run = "bowl_rate run"
    found = {
        "bowl_path": (path, "γ and β on the bowl", "1", "bowl_step bowl_rate run parameter"),
        "bowl_error": (error.max(axis=0), words, "1", by_run),
        "bowl_factor": (factor, "by what the first step multiplies the distance", "1", by_run),
        "bowl_factor_theory": (known, "|1 − 2α|", "1", "bowl_rate"),
    }
    at = {"bowl_step": range(steps + 1), "bowl_rate": rates, "parameter": ["gamma", "beta"]}
    return table(found, **at, run=runs)


def shape(samples, offsets, runs) -> xr.Dataset:
    """Condition numbers without and with normalization in front of the scale and the offset."""
    _, xhat, target = problem(samples, runs)
    layers = {"none": 1, "batch norm": 0}  # the first that is used
    found = [[condition(o + xhat, target, first) for o in offsets] for first in layers.values()]
    words = "condition number of the Hessian over γ and β, squared error"
    known = theory.affine_condition(np.array(offsets), 1.0)
    variables = {
        "offset_condition": (found, words),
        "offset_condition_theory": (known, "the same without normalization", "1", "offset"),
    }
    return table(variables, model=list(layers), offset=offsets, run=runs)


def condition(x: np.ndarray, target: np.ndarray, first: int) -> np.ndarray:
    """Ratio of the Hessian's eigenvalues over γ and β, (run,).

    The gradient of a quadratic is linear in (γ, β), so that one difference gives a column exactly.
    """
    slopes = []
    for gamma, beta in ((1, 0), (2, 0), (1, 1)):
        whole = batch_norm((len(x), 1), gamma, beta, eps=0.0)
        layers = Network(whole.network.layers[first:])
        model = Model(layers, whole.params[first:], whole.state[first:])
        grads = backpropagate(model, x, target, loss=squared_error).grads[-1]
        slopes.append(np.concatenate([grads["gamma"], grads["beta"]], axis=1))
    hessian = np.stack([slopes[1] - slopes[0], slopes[2] - slopes[0]], axis=2)
    values = np.linalg.eigvalsh((hessian + hessian.swapaxes(1, 2)) / 2)
    return values[:, 1] / values[:, 0]


# ------------------------------------------------------------------------------------------ claims


def at_rate(variable: str, rate: float) -> Value:
    """What gradient descent does at a rate."""
    return value(variable, bowl_rate=Near(rate))


def at_offset(offset: float, model: str) -> Value:
    """Condition number of the squared error over a scale and an offset."""
    return value("offset_condition", offset=offset, model=model)


CLAIMS = (
    Claim(
        "bowl-contraction",
        says="On the bowl (γ − 1.5)² + (β − 0.8)², a step of gradient descent multiplies the distance "
        "from the minimum by |1 − 2α|.",
        source="demo",
        verdict="supported",
        cases=tuple(
            Case(
                f"α = {rate:g}, every step, away from that",
                at_rate("bowl_error", rate).every(),
                below(ROUND_OFF, "of the distance"),
            )
            for rate in (0.05, 0.1, 0.3, 0.5, 0.9, 1.1)
        ),
        because="The gradient is twice the distance, in every direction alike; at α = 1/2 one step is "
        "the whole way.",
    ),
    Claim(
        "bowl-edge",
        says="On the bowl, rates below 1 converge and rates above 1 diverge.",
        source="reader",
        verdict="supported",
        cases=tuple(
            Case(
                f"α = {rate:g}, distance after a step over that before",
                at_rate("bowl_factor", rate).every(),
                rule,
            )
            for rule, rates in ((below(1), (0.05, 0.5, 0.9, 0.99)), (above(1), (1.01, 1.1)))
            for rate in rates
        ),
        because="Both eigenvalues of the Hessian are 2, and 2 over the largest is the edge.",
    ),
    Claim(
        "linear-bowl-is-round",
        says="Behind batch norm, the squared error of a linear unit over γ and β is a round bowl.",
        source="reader",
        verdict="supported",
        cases=tuple(
            Case(
                f"input with a mean of {offset:g} standard deviations, condition number",
                at_offset(offset, "batch norm").every(),
                within(1, absolute=CONDITION_ROUND_OFF),
            )
            for offset in (0.0, 1.0, 4.0, 8.0)
        ),
        because="In every batch, normalized values and the constant 1 are orthogonal and of equal "
        "length.",
    ),
    Claim(
        "offset-makes-a-valley",
        says="Without normalization the same loss is a valley, the longer the further the input’s mean "
        "is from zero, by a closed form.",
        source="reader",
        verdict="supported",
        cases=tuple(
            Case(
                f"mean of {offset:g} standard deviations, condition number over the closed form",
                (
                    at_offset(offset, "none") / value("offset_condition_theory", offset=offset)
                ).every(),
                within(1, absolute=CONDITION_ROUND_OFF),
            )
            for offset in (0.5, 1.0, 2.0, 4.0, 8.0)
        ),
        because="A scale and an offset then do nearly the same to all samples.",
    ),
)

VALUES = {
    "half_step": at_rate("bowl_factor", 0.5).every(),
    "contraction_error": value("bowl_error").over("bowl_rate", "max").every(),
    "offset_plain": at_offset(4.0, "none").every(),
}
