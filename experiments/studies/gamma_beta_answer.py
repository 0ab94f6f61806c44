"""Do γ and β set the speed and the direction of learning?

In networks with two hidden layers, before and after training on digits, all γ of the upper layer are
doubled, or one is added to all β, and the gradient of the weights below is compared with the one before.

What came out: with the gradient from above held fixed, doubling γ doubles it exactly and turns nothing.
In the network both changes move the gradient from above as well, and each changes the length and the
direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.data.samples import Samples
from experiments.engine.activations import Sigmoid, Tanh
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.results import Value, difference, ratio, table, value
from experiments.study import Case, Claim, Learning, above, call, setting, within
from experiments.training import Model, load, mlp, optimizer_of, paired, train

ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh()}
UPPER = -3  # the place of the upper hidden layer’s Affine among the layers


@dataclass(frozen=True)
class Setup(Learning):
    """Settings of the study."""

    hidden: tuple[int, int] = setting((24, 24), "units in the two hidden layers")
    batch: int = setting(32, "images in a training batch")
    rate: float = setting(0.3, "learning rate")
    steps: int = setting(1000, "of training")
    images: int = setting(1000, "training images over which the gradient is a mean")
    runs: int = setting(16, "networks for each activation, with weights and batches of their own")
    seed: int = setting(31, "every random stream is spawned from it")


QUICK = Setup(hidden=(12, 12), steps=150, images=100, runs=4)
FULL = Setup()
PAPER = Setup(hidden=(100, 100), steps=20_000, images=4000, runs=64)


def points(s: Setup) -> dict:
    """Each activation."""
    return {name: call(answer, s, name=name) for name in ACTIVATIONS}


def answer(name, data, inputs, optimizer, hidden, batch, rate, steps, images, runs) -> xr.Dataset:
    """Length and angle of the gradient after a change, before and after training."""
    digits = load(data, inputs, side=7)
    network = mlp(hidden, "batch norm", ACTIVATIONS[name])
    start, stream = paired(network, digits, batch, runs.part(1))
    *_, trained = train(start, stream, optimizer_of(optimizer, rate), steps)
    probe = digits.train.spread(images).astype(float)
    found = [changed(model.astype(float), probe) for model in (start, trained)]
    words = "the gradient of the weights below after a change of γ or β, against before"
    at = {"change": ["gamma, fixed", "gamma", "beta"], "quantity": ["length", "angle"]}
    when = ["start", "trained"]
    return table({"answer": (found, words)}, activation=name, when=when, **at, run=runs)


def changed(model: Model, samples: Samples) -> list[list[np.ndarray]]:
    """Length over that before, and degrees to it, of ∂L/∂W: (change, quantity, run)."""
    before, above = gradient(model, samples)
    doubled, added = scaled(model, 2.0, 0.0), scaled(model, 1.0, 1.0)
    changes = ((doubled, above), (doubled, None), (added, None))
    return [compared(before, gradient(one, samples, held)[0]) for one, held in changes]


def scaled(model: Model, factor: float, shift: float) -> Model:
    """The network with all γ of the upper layer times a factor and all β plus a shift."""
    params = list(model.params)
    affine = params[UPPER]
    params[UPPER] = {"gamma": factor * affine["gamma"], "beta": affine["beta"] + shift}
    return Model(model.network, params, model.state)


def gradient(
    model: Model, samples: Samples, above: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """∂L/∂W of the layer before the upper batch norm, (run, weight), and what arrives at its output.

    With `above`, that is what arrives, whatever the network puts out.
    """
    layers, upper, head = model.network.layers, slice(UPPER - 2, UPPER + 1), slice(UPPER + 1, None)
    logits, saved, _ = model.forward(samples.x[None], training=True)
    _, dlogits = softmax_cross_entropy(logits, samples.labels[None])
    if above is None:
        above, _ = Network(layers[head]).backward(model.params[head], saved[head], dlogits)
    _, grads = Network(layers[upper]).backward(model.params[upper], saved[upper], above)
    return grads[0]["weight"].reshape(len(above), -1), above


def compared(before: np.ndarray, after: np.ndarray) -> list[np.ndarray]:
    """Length over length, and the angle in degrees, run by run."""
    first, second = (np.linalg.norm(g, axis=1, keepdims=True) for g in (before, after))
    # Exact for small angles, unlike the cosine.
    apart = np.linalg.norm(before / first - after / second, axis=1)
    return [(second / first)[:, 0], np.degrees(2 * np.arcsin(np.minimum(apart / 2, 1)))]


# ------------------------------------------------------------------------------------------ claims


def found(quantity: str, name: str, when: str, change: str) -> Value:
    """The "length" or the "angle" after a change."""
    return value("answer", activation=name, when=when, change=change, quantity=quantity)


ANYWHERE = tuple(
    (name, when, f"{name}, {words}")
    for name in ACTIVATIONS
    for when, words in (("start", "before training"), ("trained", "after training"))
)

CLAIMS = (
    Claim(
        "variance-is-speed",
        says="The variance after batch norm, γ, sets the speed of learning: doubling γ doubles the "
        "gradient of the weights below.",
        source="demo",
        verdict="depends",
        cases=(
            Case(
                "the gradient from above held fixed, length over that before",
                value("answer", change="gamma, fixed", quantity="length").every(),
                within(2, absolute=1e-12),
            ),
            *(
                Case(
                    f"{where}, length over that before",
                    ratio(found("length", name, when, "gamma"), 1.0),
                    within(2, relative=0.1),
                )
                for name, when, where in ANYWHERE
            ),
        ),
        because="The factor γ is exact, but a different γ changes what the unit puts out, and with it "
        "the gradient from above.",
    ),
    Claim(
        "mean-is-direction",
        says="The mean after batch norm, β, sets the direction of learning: it turns the gradient of "
        "the weights below and leaves its length.",
        source="demo",
        verdict="depends",
        cases=(
            *(
                Case(
                    f"{where}: angle by β + 1 minus angle by doubling γ",
                    difference(*(found("angle", name, when, c) for c in ("beta", "gamma")), "°"),
                    above(0),
                )
                for name, when, where in ANYWHERE
            ),
            *(
                Case(
                    f"{where}: length after β + 1 in parts of that before",
                    ratio(found("length", name, when, "beta"), 1.0),
                    within(1, absolute=0.1),
                )
                for name, when, where in ANYWHERE
            ),
        ),
        because="Moving along the nonlinearity turns the gradient and changes its length too; doubling "
        "γ also turns it.",
    ),
)

VALUES = {
    "speed_start": ratio(found("length", "sigmoid", "start", "gamma"), 1.0),
    "speed_trained": ratio(found("length", "sigmoid", "trained", "gamma"), 1.0),
    "turn_gamma": found("angle", "sigmoid", "trained", "gamma").mean("°"),
    "turn_beta": found("angle", "sigmoid", "trained", "beta").mean("°"),
    "length_beta": ratio(found("length", "sigmoid", "trained", "beta"), 1.0),
    "length_beta_tanh": ratio(found("length", "tanh", "trained", "beta"), 1.0),
}
