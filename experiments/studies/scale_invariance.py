"""Does the size of the weights in front of a batch norm matter?

A small network (dense, batch norm, tanh, dense) classifies random data in float64. Its first
weights w are multiplied by numbers a from a thousandth to a thousand, with ε at zero and at the two
usual values. Then it is trained from weights of several sizes: with one learning rate, and with
that of w times a².
"""

from dataclasses import replace
from itertools import repeat

import numpy as np
from numpy.linalg import norm as length

from experiments.claims import Case, below, depends, refuted, supported, within
from experiments.engine.activations import Tanh
from experiments.engine.affine import Affine
from experiments.engine.optimizer import Together
from experiments.engine.sgd import SGD
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.results import LAST, Near, combine, ratio, table, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.theory import optimization as theory
from experiments.training import Model, backpropagate, mlp, train

CONDITIONS = ONE_RATE, SCALED_RATE = ("one rate for all", "the rate times a²")


class Setup(Settings):
    samples: int = setting(64, "in the one batch")
    features: int = setting(16, "of the data")
    width: int = setting(8, "units in front of the batch norm")
    classes: int = setting(4, "labels, drawn at random")
    epsilons: tuple[float, ...] = setting((0.0, 1e-5, 1e-3), "ε: none, PyTorch's, Keras's default")
    scales_per_decade: int = setting(6, "factors a on the weights, from 0.001 to 1000")
    factors: tuple[float, ...] = setting((0.1, 0.25, 0.5, 1.0, 4.0, 10.0, 16.0), "a, for training")
    rate: float = setting(0.5, "learning rate; that of w is times a² in one condition")
    steps: int = setting(200, "of gradient descent on the one batch")
    runs: int = setting(16, "random networks with random data of their own")
    seed: int = setting(10, "every random stream is spawned from it")


QUICK, FULL = Setup(scales_per_decade=2, steps=40), Setup()
PAPER = Setup(runs=64, scales_per_decade=12)


def points(s):
    return {"scales": call(compare, s), "training": call(descend, s)}


def task(runs, samples, features, width, classes, factors, eps=0.0):
    """Random networks in float64, the first weights times each factor, and a batch for each run."""
    weights, data = (runs.streams(copies=len(factors), under=(i,)) for i in (0, 1))
    norm = (Standardize(replace(PYTORCH, eps=eps)), Affine())
    network = mlp((width,), norm, Tanh(), classes)
    params, state = network.init(weights, features)
    params[0]["weight"] *= runs.each(factors)[:, None, None]
    params[2] = {"gamma": 1 + 0.3 * normal(weights, width), "beta": 0.3 * normal(weights, width)}
    x = normal(data, samples, features)
    labels = np.stack([rng.integers(classes, size=samples) for rng in data])
    return Model(network, params, state), x, labels


def compare(epsilons, scales_per_decade, samples, features, width, classes, runs):
    """Values, loss and gradient at every ε and factor, against factor 1, without training."""
    scales, found = np.logspace(-3, 3, 6 * scales_per_decade + 1), {}
    a, sizes = runs.each(scales)[:, None, None], (samples, features, width, classes)
    whole, of_run = (1, 2), ("1", "eps scale run")
    for eps in epsilons:
        tasks = (task(runs, *sizes, factors, eps) for factors in (np.ones_like(scales), scales))
        one, many = (backpropagate(*drawn) for drawn in tasks)
        (xhat1, g1), (xhat, g) = ((m.saved[1]["xhat"], m.grads[0]["weight"]) for m in (one, many))
        change = length(xhat - xhat1, axis=whole) / length(xhat1, axis=whole)
        apart = length(a * g - g1, axis=whole) / length(g1, axis=whole)
        # Along each unit's own weights: with ε, w·∇L is ε/(σ²+ε) of γ ∂L/∂γ (see the page).
        w, gammas = many.params[0]["weight"], (many.params[2]["gamma"], many.grads[2]["gamma"])
        lengths = length(w, axis=1) * length(g, axis=1)
        cosine = (w * g).sum(axis=1) / lengths
        expected = theory.radial_gradient(*gammas, many.saved[1]["var"], eps) / lengths
        loss, std = np.abs(many.loss - one.loss) / one.loss, xhat.std(axis=1).mean(axis=1)
        variables = {
            "value_change": (change, "change of x̂ against a = 1, relative", *of_run),
            "value_share": (std, "standard deviation of x̂, mean over units", *of_run),
            "loss_change": (loss, "change of the loss against a = 1, relative", *of_run),
            "gradient_length": (length(g, axis=whole), "length of ∂L/∂w", *of_run),
            "gradient_error": (apart, "distance of a ∇L(aw) from ∇L(w), relative", *of_run),
            "along": (cosine, "cosine between a unit's weights and their gradient"),
            "along_theory": (expected, "the same by γ ∂L/∂γ ε/(σ²+ε)"),
        }
        found[eps] = table(variables, eps=eps, scale=scales, run=runs, unit=range(width))
    return combine(found)


def descend(factors, rate, steps, samples, features, width, classes, runs):
    """Train at ε = 0 from every factor, with one rate for all and with that of w times a²."""
    model, x, labels = task(runs, samples, features, width, classes, factors * len(CONDITIONS))
    rates = rate * runs.each([*np.ones(len(factors)), *np.square(factors)])
    w, others = ((0, "weight"),), ((2, "gamma"), (2, "beta"), (4, "weight"), (4, "bias"))
    descent = Together((SGD(rates, frozen=others), SGD(rate, frozen=w)))
    losses, start = [], model.params[0]["weight"]
    for moment in train(model, repeat((x, labels)), descent, steps):
        losses.append(moment.loss.copy())
        if moment.step == 1:
            moved = length(moment.params[0]["weight"] - start, axis=1) / length(start, axis=1)
    turn = np.arctan(moved).mean(axis=1)  # of a right triangle, since the step is orthogonal
    variables = {
        "loss": (losses, "training loss", "nat"),
        "first_turn": (turn, "angle of the first step", "rad", "condition factor run"),
    }
    return table(variables, step=range(steps + 1), condition=CONDITIONS, factor=factors, run=runs)


# ------------------------------------------------------------------------------------------ claims

# Sums of at most 1,024 float64 terms of order one: 1,024 * 2**-53 is 1.1e-13.
EXACT, SMALL, SAME = below(1e-12), below(0.01, "%"), within(1, relative=0.1)
# A power of two is multiplied without rounding, so that nothing but the identity is tested.
POWERS, ZERO = (0.25, 0.5, 4.0, 16.0), within(0)

# What is measured, in words, and the quantity.
CHANGE = "change of x̂", value("value_change")
DISTANCE = "distance of a ∇L(aw) from ∇L(w)", value("gradient_error")
COSINE = "largest |cosine| of a network's units", value("along")
ERROR = "error of the cosine in any unit", value("along") - value("along_theory")
TURN = "turn of the first step", value("first_turn", condition=ONE_RATE).map(np.tan)
LOSS = "loss after training", value("loss", condition=ONE_RATE, step=LAST)

SCALED = value("loss", condition=SCALED_RATE)
APART = SCALED / SCALED.at(factor=1.0) - 1


def worst(of):
    """The largest magnitude in each run, whatever else was varied."""
    return abs(of).map(lambda found: found.max(sorted({*found.dims} - {"run"}))).every()


def case(measured, eps, factor=None, rule=EXACT):
    """The worst of each run at one ε, at one factor or at any."""
    (what, of), where = measured, {"scale": Near(factor)} if factor else {}
    words = f"factor {factor}" if factor else "factors 0.001 to 1000"
    return Case(f"ε = {eps}, {words}, {what}", worst(of.at(eps=float(eps), **where)), rule)


def over_one(of, factor):
    return ratio(of.at(factor=factor), of.at(factor=1.0))


CLAIMS = {
    "size-does-not-matter": depends(
        "Multiply the weights in front of a batch norm by any positive number, and the "
        "network computes the same.",
        source="ioffe2015",
        cases=(
            case(CHANGE, "0"),
            *(case(CHANGE, "1e-5", a, SMALL) for a in (100, 0.1, 0.001)),
            case(CHANGE, "1e-3", 0.1, SMALL),
        ),
        because="It is exact without ε; with ε it fails as soon as the factor brings a unit's "
        "standard deviation near √ε.",
    ),
    "large-weights-small-gradients": supported(
        "Weights a times as large get a gradient a times as small.",
        source="ioffe2015",
        cases=tuple(case(DISTANCE, "0", a) for a in (0.001, 0.01, 0.1, 10, 100, 1000)),
        because="The loss depends on the direction of w only, and a step of given length turns a "
        "longer arrow less.",
    ),
    "gradient-is-orthogonal": depends(
        "The gradient of a unit's weights in front of a batch norm is orthogonal to them.",
        source="arora2018",
        cases=(case(COSINE, "0"), *(case(COSINE, "1e-5", a, below(0.01)) for a in (1, 0.001))),
        because="Stretching the weights changes nothing without ε, so the loss has no slope in "
        "that direction; with ε it has a small one.",
    ),
    "what-eps-leaves-along-the-weights": supported(
        "Along the weights, ε leaves a gradient w·∇L = γ ∂L/∂γ · ε/(σ²+ε).",
        source="reader",
        cases=(case(ERROR, "1e-5"), case(ERROR, "1e-3")),
        because="Stretching w stretches x̂ by what ε takes away from its standard deviation, and γ "
        "says what stretching x̂ is worth.",
    ),
    "size-is-a-learning-rate": supported(
        "Training from weights a times as large, with their rate multiplied by a², is the "
        "same training.",
        source="vanlaarhoven2017",
        cases=tuple(
            Case(
                f"factor {a:g}, difference of any loss in training", worst(APART.at(factor=a)), ZERO
            )
            for a in POWERS
        ),
        because="Gradient a times as small, rate a² as large: the step is a times as large, as the "
        "weights are.",
    ),
    "initial-size-does-not-matter": refuted(
        "With batch norm, training takes the same course whatever the size of the initial weights.",
        source="overview",
        cases=tuple(
            Case(f"factor {a:g}, {what} over that at factor 1", over_one(of, a), SAME)
            for (what, of), factors in ((TURN, (0.25, 4.0)), (LOSS, (0.25, 4.0, 16.0)))
            for a in factors
        ),
        because="What the network computes at the start is the same, but a step turns large "
        "weights less: the rate that counts is η/|w|².",
    ),
}

VALUES = {
    "value_change": case(CHANGE, "0").measure,
    "value_change_small": case(CHANGE, "1e-5", 0.001).measure,
    "along_pytorch": case(COSINE, "1e-5", 1).measure,
    "along_small": case(COSINE, "1e-5", 0.001).measure,
    "along_theory_error": worst(ERROR[1]),
    "turn_large": over_one(TURN[1], 10.0),
    "same_training_rounded": worst(APART.at(factor=10.0)),
}
