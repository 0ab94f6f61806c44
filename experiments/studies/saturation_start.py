"""How fast do gradients vanish or grow through layers of sigmoid and tanh, before training?

Wide networks of ten hidden layers, of sigmoids or of tanh, with batch norm and without, get a large
batch of MNIST-5k shrunk to 7×7 pixels. They start from LeCun's weights ("usual") and from the same
weights multiplied by a factor ("large"); with and without batch norm, and at both sizes, a run has
the same weights, up to the factor, and the same batch. The growth of ‖∂L/∂z‖² from layer to layer,
z being what a dense layer gives, is set beside closed forms for wide layers.

The large factor was chosen after a trial with another seed. After a first full run the growth was
read from the second layer on, since the first one's prediction is another, and a curve that makes
gradients grow became a claim of its own.

What came out: without batch norm the gradient is multiplied, layer by layer, by what the mean
square slope predicts: it vanishes for sigmoids with usual weights. With batch norm it grows with
every curve.
"""

from dataclasses import dataclass

import numpy as np

from experiments.engine.activations import Sigmoid, Tanh
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.results import ratio, table, value
from experiments.runs import Runs
from experiments.study import Case, above, call, setting, supported, within
from experiments.theory import nonlinearity as theory
from experiments.training import batches, enlarged, load, mlp, start

ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh()}
NORMS = {"none": "none", "bn": "batch norm"}  # short name → norm
SIZES = ("usual", "large")


@dataclass(frozen=True)
class Setup:
    data: str = setting("digits", "what the batches are taken from")
    inputs: str = setting("raw", "grey values as they are (raw), or standardized")
    layers: int = setting(10, "hidden layers")
    width: int = setting(256, "units in each of them")
    large: float = setting(5.0, "factor of the large weights over the usual ones")
    batch: int = setting(256, "images")
    grey: int = setting(8, "batches whose mean square grey value the closed form takes")
    runs: int = setting(16, "paired runs, each with weights and a batch of its own")
    seed: int = setting(29, "every random stream is spawned from it")


QUICK = Setup(width=40, batch=40, grey=3, runs=3)
FULL = Setup()
PAPER = Setup(width=1000, batch=1000)


def points(s):
    """What is measured and what is predicted, for both activations, with and without batch norm."""
    return {
        f"{name}-{activation}-{norm.replace(' ', '-')}": call(
            function, s, activation=activation, norm=norm
        )
        for name, function in (("measured", measure), ("predicted", predict))
        for activation in ACTIVATIONS
        for norm in NORMS.values()
    }


def measure(activation, norm, data, inputs, layers, width, large, batch, runs):
    """One pass forward and back with usual and large weights: ‖∂L/∂z‖² of every hidden layer."""
    images, found = load(data, inputs, side=7), []
    network = mlp((width,) * layers, norm, ACTIVATIONS[activation])
    for run in runs.groups(1):  # one at a time, for the memory that wide layers take
        x, labels = next(batches(images.train.x, images.train.labels, batch, run.order()))
        model = start(network, run, images.features, copies=len(SIZES), dtype=np.float64)
        model = enlarged(model, np.array([1.0, large]))
        found.append(squared_gradients(model, x.astype(float), labels))
    square = np.array(found)  # (run, layer, size)
    growth = np.exp(np.log(square[:, 1] / square[:, -1]) / (layers - 2))
    words = "‖∂L/∂z‖² of a layer before training, over that of the last hidden layer"
    grown = (
        "factor of ‖∂L/∂z‖² from a layer to the one below, geometric mean from the last hidden "
        "layer to the second"
    )
    variables = {
        "square": (square / square[:, -1:], words, "1", "activation norm run layer size"),
        "growth": (growth, grown, "1", "activation norm run size"),
    }
    which = {"activation": activation, "norm": norm}
    return table(variables, **which, run=runs, layer=np.arange(1, layers + 1), size=SIZES)


def squared_gradients(model, x, labels):
    """‖∂L/∂z‖² of what every hidden dense layer gives, from the first: (layer, run)."""
    logits, saved, _ = model.forward(x, training=True)
    _, dy = softmax_cross_entropy(logits, labels)
    found, layers = [], zip(model.network.layers, model.params, saved, strict=True)
    for layer, params, kept in reversed(list(layers)):
        if isinstance(layer, Dense):
            found.append(np.square(dy).sum(axis=(1, 2)))
        dy, _ = layer.backward(params, kept, dy)
    return found[:0:-1]  # found[0] is that of the output layer


def predict(activation, norm, data, inputs, layers, large, batch, grey, seed):
    """The same for wide layers. The grey values of some batches stand for those of all images."""
    images, orders = load(data, inputs, side=7), Runs(seed, grey).order()
    x, _ = next(batches(images.train.x, images.train.labels, batch, orders))
    scales = np.array([1.0, large])
    squares = np.mean([np.square(one.astype(float)).mean() * scales**2 for one in x], axis=0)
    if norm == "batch norm":
        factors = np.full((2, layers - 1), theory.normalized_gradient_growth(activation))
    else:
        factors = np.array(
            [
                theory.plain_gradient_growth(activation, scale, square, layers - 1)
                for scale, square in zip(scales, squares, strict=True)
            ]
        )
    from_last = np.cumprod(np.column_stack([np.ones(2), factors[:, ::-1]]), axis=1)
    square = from_last[:, ::-1]  # (size, layer)
    words = "‖∂L/∂z‖² over that of the last hidden layer, for wide layers"
    variables = {
        "predicted": (
            square[:, 1] ** (1 / (layers - 2)),
            "the same for wide layers",
            "1",
            "activation norm size",
        ),
        "predicted_square": (square, words),
    }
    which = {"activation": activation, "norm": norm, "size": SIZES}
    return table(variables, **which, layer=np.arange(1, layers + 1))


# ------------------------------------------------------------------------------------------ claims

CELLS = tuple((activation, size) for activation in ACTIVATIONS for size in SIZES)


def growth(activation, norm, size):
    """The factor of ‖∂L/∂z‖² a layer, geometric mean over runs and the layers above the first,
    whose input is pixels."""
    return ratio(value("growth", activation=activation, norm=norm, size=size), 1)


def predicted(activation, norm, size="usual"):
    """The same for wide layers."""
    return value("predicted", activation=activation, norm=norm, size=size)


def against_theory(activation, size):
    """The factor without batch norm over the one that is predicted."""
    measured = value("growth", activation=activation, norm="none", size=size)
    return ratio(measured / predicted(activation, "none", size), 1)


CLAIMS = {
    "every-curve-makes-gradients-grow": supported(
        "With batch norm the gradient grows from layer to layer towards the input, whatever "
        "the nonlinearity.",
        source="reader",
        cases=tuple(
            Case(
                f"{activation}, usual weights, before training, wide layers: factor of the squared "
                "gradient a layer, from the last hidden one to the second",
                growth(activation, "batch norm", "usual"),
                above(1),
            )
            for activation in ACTIVATIONS
        ),
        because="Of all functions of a standard normal variable, only straight lines have a mean "
        "square slope as small as their variance.",
    ),
    "vanishing-has-a-rate": supported(
        "How fast gradients vanish without batch norm follows from the mean square slope of "
        "the nonlinearity.",
        source="reader",
        cases=tuple(
            Case(
                f"{activation}, {size} weights, factor a layer over the prediction for wide layers",
                against_theory(activation, size),
                within(1, absolute=0.05),
            )
            for activation, size in CELLS
        ),
        because="The squared gradient is multiplied by the variance of the weights times their "
        "number times the mean square slope, layer by layer; that is what random wide layers do.",
    ),
}

VALUES = {
    **{
        f"growth_{activation}_{name}_{size}": growth(activation, norm, size)
        for activation, size in CELLS
        for name, norm in NORMS.items()
    },
    "predicted_sigmoid_none": predicted("sigmoid", "none").exact(),
    "predicted_sigmoid_bn": predicted("sigmoid", "batch norm").exact(),
    "predicted_tanh_bn": predicted("tanh", "batch norm").exact(),
}
