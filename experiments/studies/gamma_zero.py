"""Does a network learn if every γ starts at zero?

A network of three hidden layers, each dense, batch norm, sigmoid, trains on MNIST-5k shrunk to 7×7
pixels with γ = β = 0 at the start. What has moved in the end?
"""

import numpy as np

from experiments.claims import Case, supported, within
from experiments.engine.activations import Sigmoid
from experiments.results import table, value
from experiments.study import Learning, call, setting
from experiments.training import accuracy, load, mlp, optimizer_of, paired, set_affine, train


class Setup(Learning):
    hidden: tuple[int, ...] = setting((24, 24, 24), "sigmoid units in each hidden layer")
    batch: int = setting(32, "images in a training batch")
    rate: float = setting(0.5, "learning rate")
    steps: int = setting(400, "training steps")
    runs: int = setting(16, "each with weights and batches of its own")
    seed: int = setting(19, "every random stream is spawned from it")


QUICK, FULL = Setup(hidden=(16, 16, 16), steps=100, runs=4), Setup()
PAPER = Setup(hidden=(100, 100, 100), steps=20_000, runs=64)


def points(s):
    """The only condition."""
    return {"zero": call(learn, s)}


def learn(data, inputs, optimizer, hidden, batch, rate, steps, runs):
    """Train from γ = 0 and see what moves: of any hidden weight and any γ, the largest change."""
    images, runs = load(data, inputs, side=7), runs.part(1)
    model, stream = paired(mlp(hidden, "batch norm", Sigmoid()), images, batch, runs)
    set_affine(model, gamma=0.0, beta=0.0)
    *_, trained = train(model, stream, optimizer_of(optimizer, rate), steps)
    changes = [
        np.abs(now[name] - then[name]).reshape(len(runs), -1).max(axis=1)
        for now, then in zip(trained.params[:-1], model.params[:-1], strict=True)
        for name in now
        if name in ("weight", "gamma")
    ]
    largest, right = np.max(changes, 0).astype(float), accuracy(trained, images.test, training=True)
    found = {
        "zero_change": (largest, "largest change of a hidden weight or a γ"),
        "zero_accuracy": (right, "test accuracy after training"),
    }
    return table(found, run=runs)


# ------------------------------------------------------------------------------------------ claims

CHANGE = "largest change of any hidden weight or γ, after training on the digits"

CLAIMS = {
    "zero-gamma-never-learns": supported(
        "If every γ starts at zero, the layers of a plain network never learn.",
        source="reader",
        cases=(Case(CHANGE, value("zero_change").every(), within(0)),),
        because="γ = 0 passes no gradient down, and the layers above normalize constants, so their "
        "γ receive none either.",
    ),
}

VALUES = {"zero_accuracy": value("zero_accuracy").every()}
