"""Is the loss over γ and β a bowl, if the unit is linear?

Explanations of batch norm draw the bowl (γ − γ*)² + (β − β*)² as a picture. Here gradient descent
goes down the mean squared error of a real batch norm layer, and of a scale and an offset without
normalization in front.
"""

from itertools import repeat

import numpy as np

from experiments.claims import Case, above, below, supported, within
from experiments.engine.loss import half_squared_error
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.train import Model
from experiments.results import Near, table, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.theory import optimization as theory
from experiments.theory.optimization import BOWL_MINIMUM as MINIMUM
from experiments.training import backpropagate, batch_norm, gamma_and_beta, train

START = (1.0, 0.0)  # where γ and β start in every network
# The gradient is a mean over the samples, which loses at most a unit of round-off a sample,
# 64 · 1.1e-16, of numbers some times as large as the distance from the minimum.
SMALL = below(1e-13, "of the distance")
# The smaller eigenvalue is a difference of numbers that are larger by the condition number, 4354 at
# an offset of 8.
ONE = within(1, absolute=1e-9)
RATES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1.01, 1.1)
OFFSETS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)


class Setup(Settings):
    rates: tuple[float, ...] = setting(RATES, "learning rates α")
    samples: int = setting(64, "in the batch")
    steps: int = setting(30, "of gradient descent")
    offsets: tuple[float, ...] = setting(OFFSETS, "mean of the input in units of σ")
    runs: int = setting(16, "batches, each with a random stream of its own")
    seed: int = setting(31, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(steps=10, runs=4), Setup(), Setup(runs=64)


def points(s):
    return {"descent": call(descent, s), "shape": call(shape, s)}


def problem(samples, runs, copies=1):
    """A batch, normalized, and a target for which the minimum is where the demo has it."""
    rngs = runs.part(0).streams(copies=copies)
    z, noise = normal(rngs, samples, 1), normal(rngs, samples, 1)
    xhat = batch_norm((len(z), 1), eps=0.0).outputs(z, training=True)
    # The target's covariance with x̂ and its mean are the minimum; the rest only lifts the bowl.
    noise -= noise.mean(axis=1, keepdims=True) + xhat * (noise * xhat).mean(axis=1, keepdims=True)
    return z, xhat, MINIMUM[0] * xhat + MINIMUM[1] + noise


def squared_error(y, target, buffers=None):
    """L = mean_samples (y − t)² and ∂L/∂y."""
    half, dy = half_squared_error(y, target, buffers)
    return 2 * half, 2 * dy


def starts(rates):
    """For each rate a start: (1, 0), turned around the minimum by another angle, the first by 0."""
    angles = 2 * np.pi * np.arange(len(rates)) / len(rates)
    turns = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in angles]
    return np.array([MINIMUM + turn @ np.subtract(START, MINIMUM) for turn in turns])


def descent(rates, samples, steps, runs):
    """Gradient descent on the mean squared error of one batch norm, all rates side by side."""
    z, _, target = problem(samples, runs, copies=len(rates))
    gamma, beta = (runs.each(start)[:, None] for start in starts(rates).T)
    model = batch_norm((len(z), 1), gamma, beta, eps=0.0)
    moments = train(model, repeat((z, target)), SGD(runs.each(rates)), steps, loss=squared_error)
    path = np.array([gamma_and_beta(m)[:, 0, :, 0].T for m in moments])
    off = path - MINIMUM
    predicted, size = (1 - 2 * runs.each(rates))[:, None] * off[:-1], np.linalg.norm(off, axis=2)
    error = np.linalg.norm(off[1:] - predicted, axis=2) / np.maximum(size[:1], size[:-1])
    words = "largest distance of a step from (1 − 2α) times the last, over the distance"
    known, by_run = theory.descent_factor(rates, np.array([2.0, 2.0])), "bowl_rate run"
    found = {
        "bowl_path": (path, "γ and β on the bowl", "1", "bowl_step bowl_rate run parameter"),
        "bowl_error": (error.max(axis=0), words, "1", by_run),
        "bowl_factor": (size[1] / size[0], "what the first step multiplies it by", "1", by_run),
        "bowl_factor_theory": (known, "|1 − 2α|", "1", "bowl_rate"),
    }
    at = {"bowl_step": range(steps + 1), "bowl_rate": rates, "parameter": ["gamma", "beta"]}
    return table(found, **at, run=runs)


def shape(samples, offsets, runs):
    """Condition numbers without and with normalization in front of the scale and the offset."""
    _, xhat, target = problem(samples, runs)
    layers = {"none": 1, "batch norm": 0}  # the first that is used
    found = [[condition(o + xhat, target, first) for o in offsets] for first in layers.values()]
    words = "condition number of the Hessian over γ and β, squared error"
    known = theory.affine_condition(np.array(offsets), 1.0), "without normalization", "1", "offset"
    variables = {"offset_condition": (found, words), "offset_condition_theory": known}
    return table(variables, model=list(layers), offset=offsets, run=runs)


def condition(x, target, first):
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
    hessian = np.stack([slope - slopes[0] for slope in slopes[1:]], axis=2)
    values = np.linalg.eigvalsh((hessian + hessian.swapaxes(1, 2)) / 2)
    return values[:, 1] / values[:, 0]


# ------------------------------------------------------------------------------------------ claims


FACTOR, ERROR = value("bowl_factor"), value("bowl_error")
PLAIN, NORMALIZED = (value("offset_condition", model=model) for model in ("none", "batch norm"))
RELATIVE = PLAIN / value("offset_condition_theory")  # to the closed form

CLAIMS = {
    "bowl-contraction": supported(
        "On the bowl (γ − 1.5)² + (β − 0.8)², a step of gradient descent multiplies the "
        "distance from the minimum by |1 − 2α|.",
        source="demo",
        cases=tuple(
            Case(
                f"α = {a:g}, every step, away from that", ERROR.at(bowl_rate=Near(a)).every(), SMALL
            )
            for a in (0.05, 0.1, 0.3, 0.5, 0.9, 1.1)
        ),
        because="The gradient is twice the distance, in every direction alike; at α = 1/2 one step "
        "is the whole way.",
    ),
    "bowl-edge": supported(
        "On the bowl, rates below 1 converge and rates above 1 diverge.",
        source="reader",
        cases=tuple(
            Case(f"α = {rate:g}, a step’s factor", FACTOR.at(bowl_rate=Near(rate)).every(), rule)
            for rule, rates in ((below(1), (0.05, 0.5, 0.9, 0.99)), (above(1), (1.01, 1.1)))
            for rate in rates
        ),
        because="Both eigenvalues of the Hessian are 2, and 2 over the largest is the edge.",
    ),
    "linear-bowl-is-round": supported(
        "Behind batch norm, the squared error of a linear unit over γ and β is a round bowl.",
        source="reader",
        cases=tuple(
            Case(f"mean of {m:g} σ, condition number", NORMALIZED.at(offset=m).every(), ONE)
            for m in (0.0, 1.0, 4.0, 8.0)
        ),
        because="In every batch, normalized values and the constant 1 are orthogonal and of equal "
        "length.",
    ),
    "offset-makes-a-valley": supported(
        "Without normalization the same loss is a valley, the longer the further the input’s "
        "mean is from zero, by a closed form.",
        source="reader",
        cases=tuple(
            Case(f"mean of {m:g} σ, over the closed form", RELATIVE.at(offset=m).every(), ONE)
            for m in (0.5, 1.0, 2.0, 4.0, 8.0)
        ),
        because="A scale and an offset then do nearly the same to all samples.",
    ),
}

VALUES = {
    "contraction_error": ERROR.over("bowl_rate", "max").every(),
    "offset_plain": PLAIN.at(offset=4.0).every(),
}
