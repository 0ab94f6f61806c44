"""Do γ and β set the speed and the direction of learning?

In networks with two hidden layers, before and after training on digits, all γ of the upper layer
are doubled, or one is added to all β, and the gradient of the weights below is compared with the
one before.
"""

from dataclasses import replace

import numpy as np

from experiments.claims import Case, above, depends, within
from experiments.engine.activations import Sigmoid, Tanh
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.results import difference, ratio, table, value
from experiments.study import Learning, call, setting
from experiments.training import load, mlp, optimizer_of, paired, train

ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh()}
UPPER = -3  # the place of the upper hidden layer’s Affine among the layers


class Setup(Learning):
    hidden: tuple[int, int] = setting((24, 24), "units in the two hidden layers")
    batch: int = setting(32, "images in a training batch")
    rate: float = setting(0.3, "learning rate")
    steps: int = setting(1000, "of training")
    images: int = setting(1000, "training images over which the gradient is a mean")
    runs: int = setting(16, "networks for each activation, with weights and batches of their own")
    seed: int = setting(31, "every random stream is spawned from it")


QUICK, FULL = Setup(hidden=(12, 12), steps=150, images=100, runs=4), Setup()
PAPER = Setup(hidden=(100, 100), steps=20_000, images=4000, runs=64)


def points(s):
    return {name: call(answer, s, name=name) for name in ACTIVATIONS}


def answer(name, data, inputs, optimizer, hidden, batch, rate, steps, images, runs):
    """Length and angle of the gradient after a change, before and after training."""
    digits = load(data, inputs, side=7)
    network = mlp(hidden, "batch norm", ACTIVATIONS[name])
    start, stream = paired(network, digits, batch, runs.part(1))
    *_, trained = train(start, stream, optimizer_of(optimizer, rate), steps)
    probe = digits.train.spread(images).astype(float)
    found = [changed(model.astype(float), probe) for model in (start, trained)]
    words = "the gradient of the weights below after a change of γ or β, against before"
    at = {"activation": name, "when": ["start", "trained"]}
    at |= {"change": ["gamma, fixed", "gamma", "beta"], "quantity": ["length", "angle"]}
    return table({"answer": (found, words)}, **at, run=runs)


def changed(model, samples):
    """Length over that before, and degrees to it, of ∂L/∂W: (change, quantity, run)."""
    before, above = gradient(model, samples)
    doubled, added = scaled(model, 2.0, 0.0), scaled(model, 1.0, 1.0)
    changes = ((doubled, above), (doubled, None), (added, None))
    return [compared(before, gradient(one, samples, held)[0]) for one, held in changes]


def scaled(model, factor, shift):
    """The network with all γ of the upper layer times a factor and all β plus a shift."""
    params, affine = list(model.params), model.params[UPPER]
    params[UPPER] = {"gamma": factor * affine["gamma"], "beta": affine["beta"] + shift}
    return replace(model, params=params)


def gradient(model, samples, above=None):
    """∂L/∂W before the upper batch norm, (run, weight), and what arrives at its output.

    With `above`, that is what arrives, whatever the network puts out.
    """
    layers, upper, head = model.network.layers, slice(UPPER - 2, UPPER + 1), slice(UPPER + 1, None)
    logits, saved, _ = model.forward(samples.x[None], training=True)
    _, dlogits = softmax_cross_entropy(logits, samples.labels[None])
    if above is None:
        above, _ = Network(layers[head]).backward(model.params[head], saved[head], dlogits)
    _, grads = Network(layers[upper]).backward(model.params[upper], saved[upper], above)
    return grads[0]["weight"].reshape(len(above), -1), above


def compared(before, after):
    """Length over length, and the angle in degrees, run by run."""
    first, second = (np.linalg.norm(g, axis=1, keepdims=True) for g in (before, after))
    # Exact for small angles, unlike the cosine.
    apart = np.linalg.norm(before / first - after / second, axis=1)
    return [(second / first)[:, 0], np.degrees(2 * np.arcsin(np.minimum(apart / 2, 1)))]


# ------------------------------------------------------------------------------------------ claims


def length(change, where):
    """Length of the gradient over that before a change."""
    return ratio(LENGTH.at(change=change, **where), 1.0)


LENGTH, ANGLE = (value("answer", quantity=name) for name in ("length", "angle"))
TURN_GAMMA, TURN_BETA = (ANGLE.at(change=change) for change in ("gamma", "beta"))
WHERE = {
    f"{name}, {words} training": {"activation": name, "when": when}
    for name in ACTIVATIONS
    for when, words in (("start", "before"), ("trained", "after"))
}
FIXED, EACH = LENGTH.at(change="gamma, fixed").every(), WHERE.items()
TRAINED = WHERE["sigmoid, after training"]
MINUS = "angle by β + 1 minus angle by doubling γ"
SAME, TWICE, MORE = within(1, absolute=0.1), within(2, relative=0.1), above(0)

CLAIMS = {
    "variance-is-speed": depends(
        "The variance after batch norm, γ, sets the speed of learning: doubling γ doubles the "
        "gradient of the weights below.",
        source="demo",
        cases=(
            Case("the gradient from above held fixed, length", FIXED, within(2, absolute=1e-12)),
            *(Case(f"{w}, length over that before", length("gamma", at), TWICE) for w, at in EACH),
        ),
        because="The factor γ is exact, but a different γ changes what the unit puts out, and with "
        "it the gradient from above.",
    ),
    "mean-is-direction": depends(
        "The mean after batch norm, β, sets the direction of learning: it turns the gradient "
        "of the weights below and leaves its length.",
        source="demo",
        cases=(
            *(
                Case(
                    f"{w}: {MINUS}", difference(TURN_BETA.at(**at), TURN_GAMMA.at(**at), "°"), MORE
                )
                for w, at in EACH
            ),
            *(Case(f"{w}: length after β + 1", length("beta", at), SAME) for w, at in EACH),
        ),
        because="Moving along the nonlinearity turns the gradient and changes its length too; "
        "doubling γ also turns it.",
    ),
}

VALUES = {
    "speed_trained": length("gamma", TRAINED),
    "turn_gamma": TURN_GAMMA.at(**TRAINED).mean("°"),
    "turn_beta": TURN_BETA.at(**TRAINED).mean("°"),
    "length_beta": length("beta", TRAINED),
    "length_beta_tanh": length("beta", WHERE["tanh, after training"]),
}
