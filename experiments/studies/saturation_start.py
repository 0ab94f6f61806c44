"""How fast do gradients vanish or grow through layers of sigmoid and tanh, before training?

Wide networks of ten hidden layers, of sigmoids or of tanh, with batch norm and without, get a large
batch of MNIST-5k shrunk to 7×7 pixels. They start from LeCun's weights ("usual") and from the same
weights multiplied by a factor ("large"); under all conditions a run has the same weights, up to the
factor, and the same batch. The growth of ‖∂L/∂z‖² from layer to layer, z being what a dense layer
gives, is set beside closed forms for wide layers.

The large factor was chosen after a trial with another seed. After a first full run the growth was
read from the second layer on, since the first one's prediction is another, and a curve that makes
gradients grow became a claim of its own.
"""

import numpy as np

from experiments.claims import Case, above, supported, within
from experiments.engine.activations import Sigmoid, Tanh
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.results import ratio, table, value
from experiments.runs import Runs
from experiments.study import Settings, call, setting
from experiments.theory import nonlinearity as theory
from experiments.training import batches, enlarged, load, mlp, start

ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh()}
NORMS = ("none", "batch norm")
SIZES = ("usual", "large")


class Setup(Settings):
    data: str = setting("digits", "what the batches are taken from")
    inputs: str = setting("raw", "grey values as they are (raw), or standardized")
    layers: int = setting(10, "hidden layers")
    width: int = setting(256, "units in each of them")
    large: float = setting(5.0, "factor of the large weights over the usual ones")
    batch: int = setting(256, "images")
    grey: int = setting(8, "batches whose mean square grey value the closed form takes")
    runs: int = setting(16, "paired runs, each with weights and a batch of its own")
    seed: int = setting(29, "every random stream is spawned from it")


QUICK, FULL = Setup(width=40, batch=40, grey=3, runs=3), Setup()
PAPER = Setup(width=1000, batch=1000)


def points(s):
    """What is measured and what is predicted, for both activations, with and without batch norm."""
    found = {}
    for activation in ACTIVATIONS:
        for norm in NORMS:
            name, which = norm.replace(" ", "-"), {"activation": activation, "norm": norm}
            found[f"measured-{activation}-{name}"] = call(measure, s, **which)
            found[f"predicted-{activation}-{name}"] = call(predict, s, **which)
    return found


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
    mean = "geometric mean from the last hidden layer to the second"
    grown = f"factor of ‖∂L/∂z‖² from a layer to the one below, {mean}"
    variables = {
        "square": (square / square[:, -1:], words, "1", "activation norm run layer size"),
        "growth": (growth, grown, "1", "activation norm run size"),
    }
    along = {"layer": range(1, layers + 1), "size": SIZES}
    return table(variables, activation=activation, norm=norm, run=runs, **along)


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
        which = zip(scales, squares, strict=True)
        factors = [theory.plain_gradient_growth(activation, *of, layers - 1) for of in which]
    from_last = np.cumprod(np.insert(np.flip(factors, axis=1), 0, 1, axis=1), axis=1)
    square = from_last[:, ::-1]  # (size, layer)
    growth = square[:, 1] ** (1 / (layers - 2))
    variables = {
        "predicted": (growth, "the same for wide layers", "1", "activation norm size"),
        "predicted_square": (
            square,
            "‖∂L/∂z‖² over that of the last hidden layer, for wide layers",
        ),
    }
    along = {"size": SIZES, "layer": range(1, layers + 1)}
    return table(variables, activation=activation, norm=norm, **along)


# ------------------------------------------------------------------------------------------ claims

GROWTH, PREDICTED = value("growth"), value("predicted")
USUAL_GROWTH, USUAL_PREDICTED = (of.at(size="usual") for of in (GROWTH, PREDICTED))
PLAIN = (GROWTH / PREDICTED).at(norm="none")
A_LAYER = (
    "usual weights, before training, wide layers: factor of the squared gradient a layer, from the "
    "last hidden one to the second"
)
OVER, CLOSE = "factor a layer over the prediction for wide layers", within(1, absolute=0.05)


def over_prediction(activation, size):
    """The factor without batch norm over the one that is predicted."""
    return ratio(PLAIN.at(activation=activation, size=size), 1)


def growth(activation, norm):
    """The factor of ‖∂L/∂z‖² a layer, geometric mean over runs and layers, usual weights."""
    return ratio(USUAL_GROWTH.at(activation=activation, norm=norm), 1)


CLAIMS = {
    "every-curve-makes-gradients-grow": supported(
        "With batch norm the gradient grows from layer to layer towards the input, whatever "
        "the nonlinearity.",
        source="reader",
        cases=tuple(
            Case(f"{name}, {A_LAYER}", growth(name, "batch norm"), above(1)) for name in ACTIVATIONS
        ),
        because="Of all functions of a standard normal variable, only straight lines have a mean "
        "square slope as small as their variance.",
    ),
    "vanishing-has-a-rate": supported(
        "How fast gradients vanish without batch norm follows from the mean square slope of "
        "the nonlinearity.",
        source="reader",
        cases=tuple(
            Case(f"{name}, {size} weights, {OVER}", over_prediction(name, size), CLOSE)
            for name in ACTIVATIONS
            for size in SIZES
        ),
        because="The squared gradient is multiplied by the variance of the weights times their "
        "number times the mean square slope, layer by layer; that is what random wide layers do.",
    ),
}

VALUES = {
    "growth_sigmoid_none_usual": growth("sigmoid", "none"),
    "growth_sigmoid_bn_usual": growth("sigmoid", "batch norm"),
    "growth_tanh_bn_usual": growth("tanh", "batch norm"),
    "predicted_sigmoid_none": USUAL_PREDICTED.at(activation="sigmoid", norm="none").exact(),
    "predicted_sigmoid_bn": USUAL_PREDICTED.at(activation="sigmoid", norm="batch norm").exact(),
    "predicted_tanh_bn": USUAL_PREDICTED.at(activation="tanh", norm="batch norm").exact(),
}
