"""What makes no difference next to batch norm, and what does once a nonlinearity stands between?

Small networks in float64 in which one thing is changed that should make no difference: a bias in
front is moved, the weights in front are multiplied by a constant, γ and β are handed to the next
layer. Does the output, or the gradient, stay the same, and what stands in between when it does not?
"""

from dataclasses import replace

import numpy as np

from experiments.claims import Case, below, depends, refuted
from experiments.engine.activations import ReLU, Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.train import Model
from experiments.results import table, value
from experiments.runs import Runs, normal
from experiments.study import Settings, call, setting

BATCH_NORM = Standardize(convention=replace(PYTORCH, eps=0.0)), Affine()
BETWEEN = {"nothing": (), "relu": (ReLU(),), "sigmoid": (Sigmoid(),)}
FACTOR = 3.0  # by which weights, γ or β are multiplied where that should make no difference


class Setup(Settings):
    width: int = setting(12, "units of the networks in which something is changed")
    runs: int = setting(16, "each with inputs and weights of its own")
    seed: int = setting(36, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(runs=4), Setup(), Setup(runs=64)


def points(s):
    return {"changes": call(changes, s, runs=Runs(s.seed, s.runs).part(1))}


def changes(width, runs):
    """The size of each effect that should be none, by what is done and what stands between."""
    rngs, found = runs.streams(), {}
    x, upstream = normal(rngs, 40, width), normal(rngs, 40, width)
    for name, between in BETWEEN.items():
        model = random_model(rngs, width, Dense(width), *between, *BATCH_NORM)
        found[f"bias, {name} between"] = bias_gradient(model, x, upstream)
    for between, bias in (("nothing", ""), ("relu", ""), ("relu", " and bias"), ("sigmoid", "")):
        dense = Dense(width, bias=bool(bias))
        model = random_model(rngs, width, dense, *BETWEEN[between], *BATCH_NORM)
        other = scaled(model, {(0, "weight"): FACTOR})
        found[f"weights, {between}{bias} between"] = apart(model, other, x)
    # After a nonlinearity, the next dense layer follows batch norm at once.
    model = random_model(rngs, width, *BATCH_NORM, Dense(width))
    found["absorb, nothing between"] = apart(model, absorbed(model), x)
    both = {(1, "gamma"): FACTOR, (1, "beta"): FACTOR, (3, "weight"): 1 / FACTOR}
    factors = {"both": both, "only gamma": both | {(1, "beta"): 1.0}}
    for between, what in (("relu", "both"), ("relu", "only gamma"), ("sigmoid", "both")):
        model = random_model(rngs, width, *BATCH_NORM, *BETWEEN[between], Dense(width))
        other = scaled(model, factors[what])
        found[f"absorb, {between} between, {what} scaled"] = apart(model, other, x)
    difference = list(found.values()), "relative change of what should stay the same"
    return table({"difference": difference}, change=list(found), run=runs)


def random_model(rngs, width, *layers):
    """Layers with random weights, biases, β, and γ > 0, in float64."""
    network = Network(layers)
    params, state = network.init(rngs, width)
    for layer in params:
        if "gamma" in layer:
            layer["gamma"] = np.abs(1 + 0.5 * normal(rngs, width)) + 0.1
        for name in ("beta", "bias"):
            if name in layer:
                layer[name] = 0.5 * normal(rngs, width)
    return Model(network, params, state)


def bias_gradient(model, x, upstream):
    """|∂L/∂b| of the first layer over the sum of the sizes of what it is a sum of."""
    _, saved, _ = model.forward(x, training=True)
    behind = Network(model.network.layers[1:])
    dy, _ = behind.backward(model.params[1:], saved[1:], upstream)
    return [np.abs(one.sum(axis=0)).sum() / np.abs(one).sum() for one in dy]


def scaled(model, factors):
    """The same with some parameters multiplied."""
    params = [
        {name: p * factors.get((i, name), 1.0) for name, p in layer.items()}
        for i, layer in enumerate(model.params)
    ]
    return replace(model, params=params)


def absorbed(model):
    """The same with γ and β of batch norm, the first layers, handed to the dense layer behind."""
    first, affine, dense = model.params
    gamma, beta = affine["gamma"], affine["beta"]
    neutral = {"gamma": np.ones_like(gamma), "beta": np.zeros_like(beta)}
    weight = gamma[:, :, None] * dense["weight"]
    bias = dense["bias"] + (beta[:, None, :] @ dense["weight"])[:, 0]
    return replace(model, params=[first, neutral, {"weight": weight, "bias": bias}])


def apart(one, other, x):
    """How far the outputs are apart, over how far those of the first are from their mean."""
    a, b = one.outputs(x, training=True), other.outputs(x, training=True)
    spread = a - a.mean(axis=1, keepdims=True)
    return [np.linalg.norm(d) / np.linalg.norm(s) for d, s in zip(a - b, spread, strict=True)]


# ------------------------------------------------------------------------------------------ claims

# Sums of 40 numbers in double precision lose at most 40 · 1.1e-16 of the sum of their sizes, two or
# three times in a row.
ROUND_OFF = below(1e-12)


def exact(when, change, measured="relative change"):
    """Whether a change makes no difference."""
    return Case(f"{when}, {measured}", value("difference", change=change).every(), ROUND_OFF)


GRADIENT = "|∂L/∂b| over the sum of sizes"
HANDED_ON = "the next dense layer follows at once: γ and β handed to it"
DIVIDED = "γ and β divided, the next weights multiplied"

CLAIMS = {
    "bias-across-a-nonlinearity-is-redundant": refuted(
        "If batch norm comes after the nonlinearity, the bias before the nonlinearity is "
        "redundant too.",
        source="reader",
        cases=(
            exact("ReLU between", "bias, relu between", GRADIENT),
            exact("sigmoid between", "bias, sigmoid between", GRADIENT),
        ),
        because="Directly in front of batch norm the mean takes a bias out; in front of a "
        "nonlinearity the bias decides where the curve bends.",
    ),
    "scale-invariance-needs-homogeneity": depends(
        "The output does not change when the weights in front of batch norm are multiplied "
        "by a positive constant.",
        source="reader",
        cases=(
            exact("nothing between", "weights, nothing between"),
            exact("ReLU between", "weights, relu between"),
            exact("ReLU and bias between", "weights, relu and bias between"),
            exact("sigmoid between", "weights, sigmoid between"),
        ),
        because="A ReLU hands a positive factor on, and a bias in between or a sigmoid does not.",
    ),
    "next-layer-absorbs-gamma-and-beta": depends(
        "γ and β are redundant, since the next layer’s weights and bias can do the same.",
        source="reader",
        cases=(
            exact(HANDED_ON, "absorb, nothing between"),
            exact(f"ReLU between: {DIVIDED}", "absorb, relu between, both scaled"),
            exact("ReLU between: γ alone", "absorb, relu between, only gamma scaled"),
            exact(f"sigmoid between: {DIVIDED}", "absorb, sigmoid between, both scaled"),
        ),
        because="A linear layer absorbs both; through a ReLU only a common factor of both passes, "
        "and through a sigmoid nothing.",
    ),
}

VALUES = {"bias_relu": value("difference", change="bias, relu between").every()}
