"""What does batch norm compute with fixed statistics that it did not with those of the batch?

One layer behind random weights, in float64 and without ε, with the statistics of the batch and with
fixed ones: which gradients get through, what becomes of its outputs as the weights before it are
multiplied, and whether the output for a mixture of two inputs is the mixture of their outputs. What
came out: with fixed statistics batch norm is an affine map, and neither its gradient's null
directions nor the invariance to the weights' scale is left.
"""

from dataclasses import replace

import numpy as np

from experiments.claims import Case, below, refuted, supported, within
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.results import table, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.theory import inference as theory
from experiments.training import Model, seen

STATISTICS = {"batch": True, "running": False}  # which it takes → whether it is in training mode
CONSTANT = "gain of a gradient that is the same for all samples, over γ/σ"
ALONG = "gain of a gradient along x̂, over γ/σ"


class Setup(Settings):
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
    return {"layer": call(compare, s)}


def compare(width, samples, factors, mixtures, runs):
    """The same inputs, weights and gradients with either statistics."""
    rngs, norm = runs.part(0).streams(), Standardize(replace(PYTORCH, eps=0.0))
    net = Network((Dense(width, bias=False), norm, Affine()))
    params, state = net.init(rngs, width)
    gamma = np.stack([rng.uniform(0.5, 1.5, width) for rng in rngs])
    params[2] = {"gamma": gamma, "beta": normal(rngs, width)}
    x, other, dy = (normal(rngs, samples, width) for _ in range(3))
    layer = seen(Model(net, params, state), x)  # so that running statistics are not those of x
    read = [measured(layer, x, other, dy, mode, factors, mixtures) for mode in STATISTICS.values()]
    constant, along, radial, scale, affine = map(np.array, zip(*read, strict=True))
    slope = gamma / np.sqrt(layer.state[1]["running_var"])
    product = slope[:, None] * (x @ params[0]["weight"])
    known = np.array([theory.frozen_scale_change(factors, one) for one in product]).T
    cosine = "|w · ∂L/∂w| over the product of lengths, median over units"
    scaled = "root mean square change of outputs as the weights are multiplied"
    mixed = "largest distance of the output of a mixture from the mixture of outputs"
    found = {
        "constant_gain": (constant, CONSTANT, "1", "statistics run"),
        "along_gain": (along, ALONG, "1", "statistics run"),
        "radial": (radial, cosine, "1", "statistics run"),
        "scale_change": (scale, scaled, "1", "statistics factor run"),
        "scale_theory": (known, "the same with fixed statistics, closed form", "1", "factor run"),
        "affine_error": (affine, mixed, "1", "statistics mixture run"),
    }
    return table(found, statistics=list(STATISTICS), factor=factors, mixture=mixtures, run=runs)


def measured(layer, x, other, dy, training, factors, mixtures):
    """Gains, cosine, changes with the scale and distances from an affine map, in one mode."""
    y, saved, _ = layer.forward(x, training)
    dense, norm, affine = layer.params
    weight, xhat = dense["weight"], saved[1]["xhat"]

    def output(x, factor=1.0):
        params = [{"weight": factor * weight}, norm, affine]
        return replace(layer, params=params).outputs(x, training)

    def gain(g):
        """The largest ‖∂L/∂x‖ / (‖g‖ |γ|/σ) over the units, where x is batch norm's input."""
        behind = Network(layer.network.layers[1:])
        through, _ = behind.backward(layer.params[1:], saved[1:], g)
        scale = saved[1]["inv_std"] * np.abs(affine["gamma"])
        gains = np.linalg.norm(through, axis=1) / (np.linalg.norm(g, axis=1) * scale)
        return gains.max(axis=1)

    slope = layer.network.backward(layer.params, saved, dy)[1][0]["weight"]
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


# ------------------------------------------------------------------------------------------ claims

ERROR, CHANGE = (value(name, statistics="running") for name in ("affine_error", "scale_change"))
KNOWN, ONE = CHANGE / value("scale_theory"), within(1, absolute=1e-12)
MIXED = "distance of f(t x + (1 − t) x′) from t f(x) + (1 − t) f(x′)"
# Two outputs of up to 5 × 20 in size and a sum of 48 products behind each: (2 · 48 + 12) u · 100 is
# 1.2e-12, as for folding.
ROUND_OFF, SMALL = below(2e-12), below(1e-9)

CLAIMS = {
    "evaluation-mode-is-affine": supported(
        "With fixed statistics batch norm is an affine map, in training too.",
        source="reader",
        cases=(
            *(
                Case(f"t = {t:g}: {MIXED}", ERROR.at(mixture=t).every(), ROUND_OFF)
                for t in FULL.mixtures
            ),
            Case(CONSTANT, value("constant_gain", statistics="running").every(), ONE),
            Case(ALONG, value("along_gain", statistics="running").every(), ONE),
        ),
        because="Nothing in it depends on the input but the input itself.",
    ),
    "frozen-scale-invariance": refuted(
        "Frozen batch norm still makes a network independent of the scale of the weights "
        "before it.",
        source="reader",
        cases=tuple(
            Case(f"weights times {a:g}: change of outputs", CHANGE.at(factor=a).every(), SMALL)
            for a in FULL.factors
        ),
        because="The scale cancels only against statistics that are taken of the same weights.",
    ),
    "frozen-scale-closed-form": supported(
        "With fixed statistics, weights times a move the outputs by |a − 1| times their "
        "scaled product.",
        source="reader",
        cases=tuple(
            Case(f"weights times {a:g}: measured over closed form", KNOWN.at(factor=a).every(), ONE)
            for a in FULL.factors
        ),
        because="The map is affine, so the change is linear in the weights.",
    ),
}

VALUES = {f"radial_{s}": value("radial", statistics=s).every() for s in STATISTICS}
