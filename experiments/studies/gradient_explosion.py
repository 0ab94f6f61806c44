"""Does batch norm keep gradients from exploding or vanishing in deep networks?

A random gradient is carried down through deep random networks that have not been trained: a dense
layer, `Standardize` with ε = 0, an activation, and again. Measured is how much the squared length
of ∂L/∂z, the gradient at the output of a dense layer, grows from each layer to the one below, for
several batch sizes, with ReLU and without any activation, against the exact rate for wide layers;
and the same with and without batch norm for weights that are too small or too large.
"""

from dataclasses import replace

import numpy as np

from experiments.claims import Case, above, below, between, depends, supported, within
from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.network import Network
from experiments.engine.parameters import mapped
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.depth import squared_gradients, untrained
from experiments.results import FIRST, LAST, ratio, table, value
from experiments.study import Settings, call, setting
from experiments.theory import depth as theory
from experiments.training import block

NORMS = {"batch norm": (Standardize(replace(PYTORCH, eps=0.0)),), "none": ()}
ACTIVATIONS = {"relu": ReLU(), "linear": None}
LAWS = {"relu": theory.relu_gradient_growth, "linear": theory.linear_gradient_growth}


class Setup(Settings):
    batches: tuple[int, ...] = setting((4, 6, 8, 16, 32, 64, 128), "batch sizes B")
    width: int = setting(600, "units in a layer, and features of the input")
    layers: int = setting(40, "dense layers, each with its batch norm")
    skipped: int = setting(1, "layers at the bottom that the growth rate leaves out")
    scales: tuple[float, ...] = setting((0.5, 1.0, 2.0), "weights, in multiples of He's")
    scales_batch: int = setting(32, "batch size at which these are compared")
    runs: int = setting(16, "random networks, each with every batch size, activation and scale")
    seed: int = setting(9, "every random stream is spawned from it")


QUICK = Setup(batches=(4, 6, 16), width=40, layers=10, scales_batch=16, runs=4)
FULL, PAPER = Setup(), Setup(width=1200, runs=64)


def points(s):
    """All networks."""
    return {"networks": call(carry, s)}


def carry(batches, width, layers, skipped, scales, scales_batch, runs):
    """Carry gradients down through one network after another, under every condition."""
    kinds = ("batch norm", "relu"), ("batch norm", "linear"), ("none", "relu")
    networks = [network(*kind, layers, width) for kind in kinds]
    logs, scaled = [], []
    for (relu, linear, plain), ends in untrained(networks, (*batches, scales_batch), width, runs):
        logs.append([[log_squares(m, *end) for end in ends[:-1]] for m in (relu, linear)])
        both = [[times(model, scale) for scale in scales] for model in (relu, plain)]
        scaled.append([[log_squares(m, *ends[-1]) for m in models] for models in both])
    line = np.geomspace(min(batches), max(batches), 73)
    at, beside, limit = ([f(m) for f in LAWS.values()] for m in (np.array(batches), line, 1e9))
    measured, rate, square = "run activation batch", "growth of ‖∂L/∂z‖² a layer", "ln ‖∂L/∂z‖²"
    found = {
        "predicted": (at, f"{rate}, closed form", "1", "activation batch"),
        "predicted_line": (beside, "the same in between", "1", "activation line_batch"),
        "predicted_limit": (limit, "the same for a batch without end", "1", "activation"),
        "growth": (growth(logs, skipped), f"{rate}, with batch norm", "1", measured),
        "log_square": (logs, f"{square} over the last layer's", "1", f"{measured} layer"),
        "scaled_log_square": (scaled, f"{square} over the last, ReLU", "1", "run norm scale layer"),
    }
    axes = {"activation": list(LAWS), "batch": batches, "line_batch": line, "scale": scales}
    return table(found, **axes, norm=list(NORMS), layer=np.arange(1, layers + 1), run=runs)


def network(norm, activation, layers, width):
    """Dense layers with He's weights, each with a normalization and an activation."""
    dense = Dense(width, bias=False, weights=he_normal)
    return Network(block(dense, NORMS[norm], ACTIVATIONS[activation]) * layers)


def times(model, factor):
    """The same with all weights multiplied."""
    return replace(model, params=mapped(lambda w: np.float32(factor) * w, model.params))


def log_squares(model, x, top):
    """ln ‖∂L/∂z‖² at the output of every dense layer, over that of the last: (layer,)."""
    _, saved, _ = model.forward(x, training=True)
    dense = [isinstance(layer, Dense) for layer in model.network.layers]
    logs = np.log(squared_gradients(model, saved, top)[1:, 0][dense])
    return logs - logs[-1]


def growth(logs, skipped):
    """How many times ‖∂L/∂z‖² grows a layer downwards: exp of minus the least-squares slope of ln.

    The lowest layers are skipped: the input does not have the covariance that activations have.
    """
    logs = np.asarray(logs)[..., skipped:]
    layer = np.arange(logs.shape[-1]) - (logs.shape[-1] - 1) / 2
    return np.exp(-(logs @ layer) / (layer @ layer))


# ------------------------------------------------------------------------------------------ claims

# In smaller batches the squared rate of a single unit has no expectation, and averages over units
# do not settle.
LEAST = 6
# A layer of 600 units knows an average to 600**-½ = 4 %; over some 40 layers this leaves less than
# 1 %, and 3 % leaves room for the systematic part, which is of second order in the same 4 %.
LAW_HOLDS = within(1, relative=0.03)
# Gradients that change less than ten times in squared length neither vanish nor explode.
NOT_VANISHED, NOT_EXPLODED, KEPT = above(0.1), below(10), between(0.1, 10)
SLOW = below(1.05, "times")


def asserted(results):
    """Batch sizes that claims are about."""
    return results["batch"][results["batch"] >= LEAST]


RELU, LINEAR = (value("growth", activation=name, batch=asserted) for name in LAWS)
OVER_LAW = value("growth", batch=asserted) / value("predicted", batch=asserted)
RELU_OFF, LINEAR_OFF = (OVER_LAW.at(activation=name).worst(LAW_HOLDS) for name in LAWS)
SQUARE = value("scaled_log_square", layer=2).map(np.exp)
(HALF, ONE, TWICE), (PLAIN_HALF, PLAIN_ONE, PLAIN_TWICE) = (
    [ratio(SQUARE.at(norm=norm, scale=scale), 1) for scale in (0.5, 1, 2)] for norm in NORMS
)
TAMED = ratio(*(SQUARE.at(norm=norm, scale=2) for norm in NORMS))
WORST = f"growth over prediction, the worst of all batch sizes from {LEAST}"
BOTTOM = "squared gradient of the second layer over the last layer's"
LARGE = "exploding: weights at twice He's scale"

CLAIMS = {
    "gradients-grow-at-a-known-rate": supported(
        "In a deep network with batch norm gradients grow at initialization by a factor a "
        "layer that the batch size and the activation alone decide.",
        source="yang2019",
        cases=(
            Case(f"ReLU: {WORST}", RELU_OFF, LAW_HOLDS),
            Case(f"no activation: {WORST}", LINEAR_OFF, LAW_HOLDS),
        ),
        because="In wide layers a batch of one unit is a random direction after batch norm, so the "
        "growth is an average over directions that can be worked out.",
    ),
    "cures-vanishing-and-exploding-gradients": depends(
        "Batch norm cures vanishing and exploding gradients.",
        source="overview",
        cases=tuple(
            Case(f"{when}, {BOTTOM}", measured, rule)
            for when, measured, rule in (
                ("vanishing: weights at half of He's scale", HALF, NOT_VANISHED),
                (LARGE, TWICE, NOT_EXPLODED),
                (f"{LARGE}, with batch norm over without", TAMED, below(1e-3)),
                ("exploding: weights at He's scale", ONE, NOT_EXPLODED),
            )
        ),
        because="Gradients do not vanish, and weights that are too large no longer make them "
        "explode. But in a deep network without shortcuts they explode all the same, more slowly, "
        "and batch norm itself is why.",
    ),
    "initialization-alone-keeps-gradients": supported(
        "Without batch norm, weights of the right scale are enough to keep gradients from "
        "vanishing and exploding at the start.",
        source="he2015",
        cases=(Case(f"ReLU, He's initialization, no batch norm, {BOTTOM}", PLAIN_ONE, KEPT),),
        because="He's scale makes up for the half of the units that ReLU switches off, and nothing "
        "is left that could accumulate.",
    ),
    "large-batches-stop-the-explosion": depends(
        "Exploding gradients are a matter of small batches: with a large one the growth goes away.",
        source="reader",
        cases=tuple(
            Case(f"{words}, the largest batch, growth a layer", rate.at(batch=LAST).mean(), SLOW)
            for words, rate in (("ReLU", RELU), ("no activation", LINEAR))
        ),
        because="Without activations the rate falls to one. With ReLU it falls to π/(π − 1) and no "
        "further.",
    ),
}

VALUES = {
    "relu_smallest": RELU.at(batch=FIRST).mean(),
    "relu_largest": RELU.at(batch=LAST).mean(),
    "linear_smallest": LINEAR.at(batch=FIRST).mean(),
    "relu_furthest": RELU_OFF,
    "linear_furthest": LINEAR_OFF,
    "batch_smallest": RELU.coordinate("batch").at(batch=FIRST).exact(),
    "batch_largest": RELU.coordinate("batch").at(batch=LAST).exact(),
    "bottom": ONE,
    "bottom_plain": PLAIN_ONE,
    "bottom_plain_half": PLAIN_HALF,
    "bottom_plain_twice": PLAIN_TWICE,
}
