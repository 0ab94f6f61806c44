"""What does batch norm compute with fixed statistics that it did not with those of the batch?

One layer behind random weights, in float64 and without ε, with the statistics of the batch and with
fixed ones: which gradients get through, what becomes of its outputs as the weights before it are
multiplied, and whether the output for a mixture of two inputs is the mixture of their outputs.

What came out: with fixed statistics batch norm is an affine map, and neither its gradient's null
directions nor the invariance to the weights' scale is left.
"""

from dataclasses import dataclass, replace

import numpy as np

from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.results import table, value
from experiments.runs import normal
from experiments.study import Case, below, call, refuted, setting, supported, within
from experiments.theory import inference as theory
from experiments.training import Model

STATISTICS = {
    "batch": True,
    "running": False,
}  # which batch norm takes → whether it is in training mode


@dataclass(frozen=True)
class Setup:
    width: int = setting(48, "units, and features of the inputs")
    samples: int = setting(64, "inputs")
    factors: tuple[float, ...] = setting((0.25, 0.5, 2.0, 4.0, 10.0), "on the weights before it")
    mixtures: tuple[float, ...] = setting(
        (-1.0, 0.3, 2.0, 5.0), "shares t of one input in t x + (1 − t) x′"
    )
    runs: int = setting(16, "random layers, each with inputs of its own")
    seed: int = setting(170, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(width=12, samples=16), Setup(), Setup(runs=64, width=100)


def points(s):
    """One for all."""
    return {"layer": call(compare, s)}


def compare(width, samples, factors, mixtures, runs):
    """The same inputs, weights and gradients with either statistics."""
    rngs = runs.part(0).streams()
    norm = Standardize(replace(PYTORCH, eps=0.0))
    net = Network((Dense(width, bias=False), norm, Affine()))
    params, state = net.init(rngs, width)
    gamma = np.stack([rng.uniform(0.5, 1.5, width) for rng in rngs])
    params[2] = {"gamma": gamma, "beta": normal(rngs, width)}
    x, other, dy = (normal(rngs, samples, width) for _ in range(3))
    state = net.forward(params, state, x, training=True)[2]  # so that they are not those of x
    layer, weight = Model(net, params, state), params[0]["weight"]
    found = [read(layer, x, other, dy, mode, factors, mixtures) for mode in STATISTICS.values()]
    constant, along, radial, scale, affine = map(np.array, zip(*found, strict=True))
    product = (gamma / np.sqrt(state[1]["running_var"]))[:, None] * (x @ weight)
    expected = np.array([theory.frozen_scale_change(factors, one) for one in product]).T
    variables = {
        "constant_gain": (
            constant,
            "gain of a gradient that is the same for all samples, over γ/σ",
        ),
        "along_gain": (along, "gain of a gradient along x̂, over γ/σ"),
        "radial": (radial, "|w · ∂L/∂w| over the product of lengths, median over units"),
    }
    variables = {name: (*one, "1", "statistics run") for name, one in variables.items()} | {
        "scale_change": (
            scale,
            "root mean square change of outputs as the weights are multiplied",
            "1",
            "statistics factor run",
        ),
        "scale_theory": (
            expected,
            "the same with fixed statistics, closed form",
            "1",
            "factor run",
        ),
        "affine_error": (
            affine,
            "largest distance of the output of a mixture from the mixture of outputs",
            "1",
            "statistics mixture run",
        ),
    }
    coordinates = {"statistics": list(STATISTICS), "factor": factors, "mixture": mixtures}
    return table(variables, **coordinates, run=runs)


def read(layer, x, other, dy, training, factors, mixtures):
    """Gains, cosine, changes with the scale and distances from an affine map, in one mode."""
    y, saved, _ = layer.forward(x, training)
    dense, norm, affine = layer.params
    weight, xhat = dense["weight"], saved[1]["xhat"]

    def output(x, factor=1.0):
        params = [{"weight": factor * weight}, norm, affine]
        return Model(layer.network, params, layer.state).outputs(x, training)

    def gain(g):
        """The largest ‖∂L/∂x‖ / (‖g‖ |γ|/σ) over the units, where x is batch norm's input."""
        through, _ = layer.network.layers[2].backward(affine, saved[2], g)
        through, _ = layer.network.layers[1].backward({}, saved[1], through)
        scale = saved[1]["inv_std"] * np.abs(affine["gamma"])
        gains = np.linalg.norm(through, axis=1) / (np.linalg.norm(g, axis=1) * scale)
        return gains.max(axis=1)

    _, grads = layer.network.backward(layer.params, saved, dy)
    slope = grads[0]["weight"]
    lengths = np.linalg.norm(weight, axis=1) * np.linalg.norm(slope, axis=1)
    moved = [output(x, factor) - y for factor in factors]
    mixed = [output(t * x + (1 - t) * other) - (t * y + (1 - t) * output(other)) for t in mixtures]
    return (
        gain(np.ones_like(y)),
        gain(xhat - xhat.mean(axis=1, keepdims=True)),
        np.median(np.abs((weight * slope).sum(axis=1)) / lengths, axis=1),
        [np.sqrt(np.mean(np.square(change), axis=(1, 2))) for change in moved],
        [np.abs(distance).max(axis=(1, 2)) for distance in mixed],
    )


CLAIMS = {
    "evaluation-mode-is-affine": supported(
        "With fixed statistics batch norm is an affine map, in training too.",
        source="reader",
        # two outputs of up to 5 × 20 in size and a sum of 48 products behind each:
        # (2 · 48 + 12) u · 100 is 1.2e-12, as for folding
        cases=(
            *(
                Case(
                    f"t = {t:g}: distance of f(t x + (1 − t) x′) from t f(x) + (1 − t) f(x′)",
                    value("affine_error", statistics="running", mixture=t).every(),
                    below(2e-12),
                )
                for t in FULL.mixtures
            ),
            *(
                Case(
                    f"gain of a gradient {words}, over γ/σ",
                    value(name, statistics="running").every(),
                    within(1, absolute=1e-12),
                )
                for name, words in (
                    ("constant_gain", "that is the same for all samples"),
                    ("along_gain", "along x̂"),
                )
            ),
        ),
        because="Nothing in it depends on the input but the input itself.",
    ),
    "frozen-scale-invariance": refuted(
        "Frozen batch norm still makes a network independent of the scale of the weights "
        "before it.",
        source="reader",
        cases=tuple(
            Case(
                f"weights times {factor:g}: change of outputs",
                value("scale_change", statistics="running", factor=factor).every(),
                below(1e-9),
            )
            for factor in FULL.factors
        ),
        because="The scale cancels only against statistics that are taken of the same weights.",
    ),
    "frozen-scale-closed-form": supported(
        "With fixed statistics, weights times a move the outputs by |a − 1| times their "
        "scaled product.",
        source="reader",
        cases=tuple(
            Case(
                f"weights times {factor:g}: measured over closed form",
                (
                    value("scale_change", statistics="running", factor=factor)
                    / value("scale_theory", factor=factor)
                ).every(),
                within(1, absolute=1e-12),
            )
            for factor in FULL.factors
        ),
        because="The map is affine, so the change is linear in the weights.",
    ),
}

VALUES = {
    "radial_batch": value("radial", statistics="batch").every(),
    "radial_running": value("radial", statistics="running").every(),
}
