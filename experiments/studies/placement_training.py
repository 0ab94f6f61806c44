"""Does a network train better with batch norm before its nonlinearities, or after them?

Networks of two hidden layers learn digits: both orders, with and without γ and β, and no batch
norm, with ReLU and sigmoid, at several learning rates. A dense layer has a bias unless batch norm
follows at once, which would subtract it again. What counts is the training loss at the end, each at
its best rate.
"""

import numpy as np

from experiments.claims import Case, above, depends
from experiments.engine.activations import ReLU, Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.results import Near, ratio, table, value
from experiments.runs import Runs
from experiments.study import Learning, call, setting
from experiments.training import accuracy, last_steps, load, optimizer_of, paired, train

ACTIVATIONS = {"relu": ReLU(), "sigmoid": Sigmoid()}
NAMES = {"relu": "ReLU", "sigmoid": "sigmoid"}
RATES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)


class Setup(Learning):
    hidden: tuple[int, int] = setting((24, 24), "units in the hidden layers")
    batch: int = setting(32, "images in a training batch")
    rates: tuple[float, ...] = setting(RATES, "learning rates")
    steps: int = setting(400, "of training")
    averaged: int = setting(50, "last batches; the final loss is the mean over them")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(36, "every random stream is spawned from it")


QUICK, FULL = Setup(hidden=(8, 8), rates=(0.2,), steps=6, averaged=3, runs=4), Setup()
PAPER = Setup(hidden=(100, 100), rates=(0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6), steps=20_000, runs=64)


def points(s):
    """Each activation with batch norm before it, after it or not at all, with and without γ, β."""
    found, runs = {}, Runs(s.seed, s.runs).part(2)
    for name in ACTIVATIONS:
        at = {"activation": name, "runs": runs}
        found[f"{name}-none"] = call(learn, s, order="none", affine=False, **at)
        for order in ("before", "after"):
            found[f"{name}-{order}-affine"] = call(learn, s, order=order, affine=True, **at)
            found[f"{name}-{order}"] = call(learn, s, order=order, affine=False, **at)
    return found


def learn(
    activation, order, affine, data, inputs, optimizer, hidden, batch, rates, steps, averaged, runs
):
    """Train at every learning rate, side by side."""
    images, network = load(data, inputs, side=7), network_of(activation, order, affine, hidden)
    model, stream = paired(network, images, batch, runs, copies=len(rates))
    moments = train(model, stream, optimizer_of(optimizer, runs.each(rates)), steps)
    read = [moment for moment in moments if moment.step in last_steps(steps, averaged)]
    loss = np.mean([moment.loss for moment in read], axis=0, dtype=float)
    loss[~np.isfinite(loss)] = np.inf
    found = {
        "loss": (loss, "training loss, mean over the last batches", "nats"),
        "accuracy": (accuracy(read[-1], images.test), "test accuracy with running statistics"),
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


def losses(activation, order, affine="with"):
    """Final losses at the rate with the lowest mean."""
    found = value("loss", activation=activation, order=order, affine=affine)
    return found.best("rate", lowest=True)


def late(activation, affine="with"):
    """Loss with batch norm after the nonlinearity in parts of that with it before."""
    return ratio(losses(activation, "after", affine), losses(activation, "before", affine))


def plain(activation, order):
    """Loss without γ and β in parts of that with them."""
    return ratio(losses(activation, order, "without"), losses(activation, order))


def gain(activation, order):
    """Loss with batch norm, γ and β in parts of that without."""
    return ratio(losses(activation, order), losses(activation, "none", "without"))


def accuracy_of(activation, order):
    """Test accuracy with γ and β at the rate of the lowest training loss."""
    where = {"activation": activation, "order": order, "affine": "with"}
    return value("accuracy", **where, rate=losses(activation, order).coordinate("rate")).mean()


SLOW = value("loss", activation="sigmoid", affine="with", rate=Near(0.1))
SLOW_LATE = ratio(SLOW.at(order="after"), SLOW.at(order="before"))
LATE, AT_BEST = "loss with batch norm after over loss with it before", "each at its best rate"
PLAIN = f"loss without γ and β over loss with them, {AT_BEST}"

CLAIMS = {
    "batch-norm-belongs-before": depends(
        "Batch norm belongs before the nonlinearity: trained that way, networks reach a "
        "lower loss.",
        source="reader",
        cases=(
            *(
                Case(f"{words}, {affine} γ and β, {LATE}, {AT_BEST}", late(name, affine), above(1))
                for affine in ("with", "without")
                for name, words in NAMES.items()
            ),
            Case(f"sigmoid, with γ and β, {LATE}, at a rate of 0.1", SLOW_LATE, above(1)),
        ),
        because="With γ and β and a well chosen rate it does here, by a little; at a rate of a "
        "tenth, or without γ and β, sigmoids train better with batch norm after them.",
    ),
    "gamma-and-beta-help-training": depends(
        "Batch norm needs γ and β to train well.",
        source="overview",
        cases=tuple(
            Case(f"{words}, batch norm {place}, {PLAIN}", plain(name, place), above(1.05))
            for name, words in NAMES.items()
            for place in ("before", "after")
        ),
        because="A sigmoid needs them in front of it to leave its linear part; elsewhere in these "
        "networks they can be left out.",
    ),
}

VALUES = {
    "sigmoid_order_slow": SLOW_LATE,
    **{f"{name}_order": late(name) for name in NAMES},
    **{f"{name}_affine": plain(name, "before") for name in NAMES},
    **{f"{name}_gain": gain(name, "before") for name in NAMES},
    **{f"{name}_gain_after": gain(name, "after") for name in NAMES},
    **{f"{name}_before_accuracy": accuracy_of(name, "before") for name in NAMES},
    **{f"{name}_after_accuracy": accuracy_of(name, "after") for name in NAMES},
}
