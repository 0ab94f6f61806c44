"""Does a network train better with batch norm before its nonlinearities, or after them?

Networks of two hidden layers learn digits: both orders, with and without γ and β, and no batch
norm, with ReLU and sigmoid, at several learning rates. A dense layer has a bias unless batch norm
follows at once, which would subtract it again. What counts is the training loss at the end, each at
its best rate.

What came out: which of the two trains better depends on the nonlinearity.
"""

from dataclasses import dataclass

import numpy as np

from experiments.engine.activations import ReLU, Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.results import Near, ratio, table, value
from experiments.runs import Runs
from experiments.study import Case, Learning, above, call, depends, setting
from experiments.training import accuracy, last_steps, load, optimizer_of, paired, train

ACTIVATIONS = {"relu": ReLU(), "sigmoid": Sigmoid()}
NAMES = {"relu": "ReLU", "sigmoid": "sigmoid"}
# Where batch norm is put, and whether it has γ and β.
VARIANTS = {
    "none": ("none", False),
    "before-affine": ("before", True),
    "before": ("before", False),
    "after-affine": ("after", True),
    "after": ("after", False),
}
RATES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)


@dataclass(frozen=True)
class Setup(Learning):
    hidden: tuple[int, int] = setting((24, 24), "units in the hidden layers")
    batch: int = setting(32, "images in a training batch")
    rates: tuple[float, ...] = setting(RATES, "learning rates")
    steps: int = setting(400, "of training")
    averaged: int = setting(50, "last batches; the final loss is the mean over them")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(36, "every random stream is spawned from it")


QUICK = Setup(hidden=(8, 8), rates=(0.2,), steps=6, averaged=3, runs=4)
FULL = Setup()
PAPER = Setup(hidden=(100, 100), rates=(0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6), steps=20_000, runs=64)


def points(s):
    """Each activation with each place of batch norm, with and without γ and β."""
    runs = Runs(s.seed, s.runs).part(2)
    return {
        f"{activation}-{name}": call(
            learn, s, activation=activation, order=order, affine=affine, runs=runs
        )
        for activation in ACTIVATIONS
        for name, (order, affine) in VARIANTS.items()
    }


def learn(
    activation, order, affine, data, inputs, optimizer, hidden, batch, rates, steps, averaged, runs
):
    """Train at every learning rate, side by side."""
    images, network = load(data, inputs, side=7), network_of(activation, order, affine, hidden)
    model, stream = paired(network, images, batch, runs, copies=len(rates))
    descent, last, losses = (
        optimizer_of(optimizer, runs.each(rates)),
        last_steps(steps, averaged),
        [],
    )
    for trained in train(model, stream, descent, steps):
        if trained.step in last:
            losses.append(trained.loss)
    loss = np.mean(losses, axis=0, dtype=float)
    found = {
        "loss": (
            np.where(np.isfinite(loss), loss, np.inf),
            "training loss, mean over the last batches",
            "nats",
        ),
        "accuracy": (accuracy(trained, images.test), "test accuracy with running statistics"),
    }
    which = {"activation": activation, "order": order, "affine": "with" if affine else "without"}
    return table(found, **which, rate=rates, run=runs)


def network_of(activation, order, affine, hidden):
    """Dense layers with an activation, with batch norm before it, after it, or without."""
    norm = (Standardize(), Affine()) if affine else (Standardize(),)
    before, after = (norm if order == place else () for place in ("before", "after"))
    layers = []
    for width in hidden:
        layers += [Dense(width, bias=not before), *before, ACTIVATIONS[activation], *after]
    return Network((*layers, Dense(10)))


# ------------------------------------------------------------------------------------------ claims

COMMON_RATE = Near(0.1)


def losses(activation, order, affine, rate=None):
    """Final losses, at one learning rate or, without one, at the rate with the lowest mean."""
    of = {"activation": activation, "order": order, "affine": "with" if affine else "without"}
    found = value("loss", **of)
    return found.at(rate=rate) if rate else found.best("rate", lowest=True)


def late(activation, affine, rate=None):
    """Loss with batch norm after the nonlinearity in parts of that with it before."""
    after, before = (losses(activation, order, affine, rate) for order in ("after", "before"))
    return ratio(after, before)


def plain(activation, order):
    """Loss without γ and β in parts of that with them, each at its best rate."""
    return ratio(losses(activation, order, False), losses(activation, order, True))


def gain(activation, order):
    """Loss with batch norm, γ and β in parts of that without, each at its best rate."""
    return ratio(losses(activation, order, True), losses(activation, "none", False))


def accuracy_of(activation, order):
    """Test accuracy with γ and β at the rate of the lowest training loss."""
    rate = losses(activation, order, True).coordinate("rate")
    where = {"activation": activation, "order": order, "affine": "with", "rate": rate}
    return value("accuracy", **where).mean()


LATE = "loss with batch norm after over loss with it before"

CLAIMS = {
    "batch-norm-belongs-before": depends(
        "Batch norm belongs before the nonlinearity: trained that way, networks reach a "
        "lower loss.",
        source="reader",
        cases=(
            *(
                Case(
                    f"{words}, {'with' if affine else 'without'} γ and β, {LATE}, each at its "
                    "best rate",
                    late(name, affine),
                    above(1),
                )
                for affine in (True, False)
                for name, words in NAMES.items()
            ),
            Case(
                f"sigmoid, with γ and β, {LATE}, at a rate of 0.1",
                late("sigmoid", True, COMMON_RATE),
                above(1),
            ),
        ),
        because="With γ and β and a well chosen rate it does here, by a little; at a rate of a "
        "tenth, or without γ and β, sigmoids train better with batch norm after them.",
    ),
    "gamma-and-beta-help-training": depends(
        "Batch norm needs γ and β to train well.",
        source="overview",
        cases=tuple(
            Case(
                f"{words}, batch norm {place}, loss without γ and β over loss with them, each at "
                "its best rate",
                plain(name, place),
                above(1.05),
            )
            for name, words in NAMES.items()
            for place in ("before", "after")
        ),
        because="A sigmoid needs them in front of it to leave its linear part; elsewhere in these "
        "networks they can be left out.",
    ),
}

VALUES = {
    "relu_order": late("relu", True),
    "sigmoid_order": late("sigmoid", True),
    "sigmoid_order_slow": late("sigmoid", True, COMMON_RATE),
    "sigmoid_affine": plain("sigmoid", "before"),
    "relu_affine": plain("relu", "before"),
    "relu_gain": gain("relu", "before"),
    "sigmoid_gain": gain("sigmoid", "before"),
    "relu_gain_after": gain("relu", "after"),
    "sigmoid_gain_after": gain("sigmoid", "after"),
    "relu_before_accuracy": accuracy_of("relu", "before"),
    "relu_after_accuracy": accuracy_of("relu", "after"),
    "sigmoid_before_accuracy": accuracy_of("sigmoid", "before"),
    "sigmoid_after_accuracy": accuracy_of("sigmoid", "after"),
}
