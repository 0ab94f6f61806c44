"""Does batch norm go before or after the nonlinearity?

First what is exact. Normal inputs go through batch norm and ReLU in both orders, for several γ and β: mean, standard deviation and share of zeros of what comes out,
against closed forms. Then small networks in float64 in which one thing is changed that should make no difference: a bias in front is moved, the weights in front
are multiplied by a constant, γ and β are handed to the next layer. Does the output, or the gradient, stay the same, and what stands in between when it does not? At last, training on
digits: both orders, with and without γ and β, with ReLU and sigmoid, at several learning rates.

What came out: the order decides what is exact. Before a ReLU the unit is on half of the time and has neither mean 0 nor variance 1; after it, it has both, γ and β are
redundant and the bias in front is not. Which of the two trains better depends on the nonlinearity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import ReLU, Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.layer import Arrays, Layer
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.train_reading import train
from experiments.measures.statistics import Measurement, mean, paired_ratio, spread
from experiments.theory import transform as theory

EXACT = Standardize(convention=replace(PYTORCH, eps=0.0))
ACTIVATIONS = {"relu": ReLU(), "sigmoid": Sigmoid()}
ORDERS = ("none", "before", "after")
FACTOR = 3.0  # by which weights, γ or β are multiplied where that should make no difference
CHANGES = (  # what is done, and what stands between the dense layer in front and batch norm, or behind it
    "bias, nothing between", "bias, relu between", "bias, sigmoid between",
    "weights, nothing between", "weights, relu between", "weights, relu and bias between", "weights, sigmoid between",
    "absorb, nothing between", "absorb, relu between, both scaled", "absorb, relu between, only gamma scaled",
    "absorb, sigmoid between, both scaled",
)  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    samples: int = 20_000  # normal inputs in the batch that goes through batch norm and ReLU
    pairs: tuple[tuple[float, float], ...] = (
        (1.0, -2.0),
        (1.0, -1.0),
        (2.0, -1.0),
        (1.0, 0.0),
        (2.0, 0.0),
        (0.5, 0.25),
        (1.0, 1.0),
        (3.0, 6.0),
    )  # γ and β
    width: int = 12  # units of the small networks in which something is changed
    hidden: tuple[int, int] = (
        24,
        24,
    )  # units in the hidden layers of the networks that are trained
    batch: int = 32  # images in a training batch
    rates: tuple[float, ...] = (
        0.05,
        0.1,
        0.2,
        0.4,
        0.8,
        1.6,
        3.2,
        6.4,
    )  # learning rates of stochastic gradient descent, without momentum
    steps: int = 400  # of training
    averaged: int = 50  # the final loss is the mean over so many last batches
    runs: int = 16  # paired runs, each with inputs, weights and batches of its own
    seed: int = 36  # every random stream is spawned from it


QUICK = Setup(samples=500, hidden=(8, 8), rates=(0.2,), steps=6, averaged=3, runs=4)
FULL = Setup()
PAPER = Setup(
    samples=1_000_000,
    hidden=(100, 100),
    rates=(0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6),
    steps=20_000,
    runs=64,
)


@dataclass(frozen=True)
class Point:
    """The exact part, or the training with one activation, order and treatment of γ and β."""

    activation: str  # of ACTIVATIONS; empty for the exact part
    order: str  # of ORDERS
    affine: bool  # whether there are γ and β
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """The exact part, and one point for each network that is trained."""
    found = {"exact": Point("", "", True, setup)}
    for activation in ACTIVATIONS:
        for order in ORDERS:
            for affine in (True, False) if order != "none" else (False,):
                found[f"{activation}-{order}{'-affine' if affine else ''}"] = Point(
                    activation, order, affine, setup
                )
    return found


def run(point: Point) -> xr.Dataset:
    """Compute one point."""
    return _training(point) if point.activation else _exact(point.setup)


# ------------------------------------------------------------------------------------------------------------- what is exact


def _exact(setup: Setup) -> xr.Dataset:
    """Moments of both orders, and relative changes where something should make no difference."""
    pairs = np.array(setup.pairs)
    seeds = np.random.SeedSequence((setup.seed, 0)).spawn(setup.runs)
    z = np.stack([np.random.default_rng(s).standard_normal((setup.samples, 1)) for s in seeds])
    moments = np.empty((2, len(pairs), 3, setup.runs))
    for k, layers in enumerate(((EXACT, Affine(), ReLU()), (ReLU(), EXACT, Affine()))):
        net = Network(layers)
        for j, (gamma, beta) in enumerate(pairs):
            params, state = net.init([np.random.default_rng(0)] * setup.runs, 1, np.float64)
            for layer in params:
                if layer:
                    layer["gamma"][:], layer["beta"][:] = gamma, beta
            y = net.forward(params, state, z, training=True)[0][:, :, 0]
            moments[k, j] = y.mean(axis=1), y.std(axis=1), (y == 0).mean(axis=1)
    changes = np.stack(
        [
            _changes(setup.width, np.random.default_rng(s))
            for s in np.random.SeedSequence((setup.seed, 1)).spawn(setup.runs)
        ],
        axis=1,
    )
    average, variance, zeros = theory.rectified(*pairs.T)
    one = {"units": "1"}
    return xr.Dataset(
        {
            "moments": (("place", "pair", "moment", "run"), moments, one | {"long_name": "mean, standard deviation and share of zeros of a unit’s output"}),
            "moments_theory": (("pair", "moment"), np.stack([average, np.sqrt(variance), zeros], axis=1), one | {"long_name": "the same, closed form, before"}),
            "gamma": ("pair", pairs[:, 0], one | {"long_name": "γ"}),
            "beta": ("pair", pairs[:, 1], one | {"long_name": "β"}),
            "difference": (("change", "run"), changes, one | {"long_name": "relative change of what should stay the same"}),
        },
        coords={"place": list(ORDERS[1:]), "pair": [pair_name(*pair) for pair in setup.pairs], "moment": ["mean", "std", "zeros"],
                "change": list(CHANGES), "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def pair_name(gamma: float, beta: float) -> str:
    """A pair of γ and β in words."""
    return f"γ = {gamma:g}, β = {beta:g}".replace("-", "−")


def _changes(width: int, rng: np.random.Generator) -> list[float]:
    """For each of `CHANGES`, how far from nothing its effect is, in one random network: 0 where it makes no difference."""
    x, upstream = rng.standard_normal((1, 40, width)), rng.standard_normal((1, 40, width))

    def network(*layers: Layer) -> tuple[Network, list[Arrays], list[Arrays]]:
        net = Network(layers)
        params, state = net.init([rng], width, np.float64)
        for layer in params:
            for name in ("gamma", "beta", "bias"):
                if name in layer:
                    layer[name] = (1 if name == "gamma" else 0) + 0.5 * rng.standard_normal(
                        layer[name].shape
                    )
                    layer[name] = np.abs(layer[name]) + 0.1 if name == "gamma" else layer[name]
        return net, params, state

    def apart(
        net: Network, state: list[Arrays], first: list[Arrays], second: list[Arrays]
    ) -> float:
        a, b = (net.forward(params, state, x, training=True)[0] for params in (first, second))
        return float(np.linalg.norm(a - b) / np.linalg.norm(a - a.mean(axis=1, keepdims=True)))

    def scaled(params: list[Arrays], factors: dict[tuple[int, str], float]) -> list[Arrays]:
        return [
            {name: p * factors.get((i, name), 1.0) for name, p in layer.items()}
            for i, layer in enumerate(params)
        ]

    result = []
    for between in (
        (),
        (ReLU(),),
        (Sigmoid(),),
    ):  # ∂L/∂b against the sum of sizes of what it is a sum of
        net, params, state = network(Dense(width), *between, EXACT, Affine())
        _, saved, _ = net.forward(params, state, x, training=True)
        dy = upstream
        for i in range(len(net.layers) - 1, 0, -1):
            dy, _ = net.layers[i].backward(params[i], saved[i], dy)
        result.append(float(np.abs(dy.sum(axis=1)).sum() / np.abs(dy).sum()))
    for bias, between in (
        (False, ()),
        (False, (ReLU(),)),
        (True, (ReLU(),)),
        (False, (Sigmoid(),)),
    ):
        net, params, state = network(Dense(width, bias=bias), *between, EXACT, Affine())
        result.append(apart(net, state, params, scaled(params, {(0, "weight"): FACTOR})))
    net, params, state = network(
        EXACT, Affine(), Dense(width)
    )  # batch norm after a nonlinearity: the next dense layer follows at once
    gamma, beta, weight = params[1]["gamma"], params[1]["beta"], params[2]["weight"]
    neutral = {"gamma": np.ones_like(gamma), "beta": np.zeros_like(beta)}
    taken = {
        "weight": gamma[:, :, None] * weight,
        "bias": params[2]["bias"] + (beta[:, None, :] @ weight)[:, 0],
    }
    result.append(apart(net, state, params, [params[0], neutral, taken]))
    for activation, also_beta in ((ReLU(), True), (ReLU(), False), (Sigmoid(), True)):
        net, params, state = network(EXACT, Affine(), activation, Dense(width))
        factors = {(1, "gamma"): FACTOR, (3, "weight"): 1 / FACTOR} | (
            {(1, "beta"): FACTOR} if also_beta else {}
        )
        result.append(apart(net, state, params, scaled(params, factors)))
    return result


# ------------------------------------------------------------------------------------------------------------------- training


def _training(point: Point) -> xr.Dataset:
    """Train at every learning rate: one replica a rate and run."""
    setup = point.setup
    digits = mnist.load_shrunk(7)
    act, norm = (
        ACTIVATIONS[point.activation],
        (Standardize(), *((Affine(),) if point.affine else ())),
    )
    blocks: list[Layer] = []
    for width in setup.hidden:
        # a bias directly in front of batch norm would be subtracted again
        blocks += {
            "none": (Dense(width), act),
            "before": (Dense(width, bias=False), *norm, act),
            "after": (Dense(width), act, *norm),
        }[point.order]
    net = Network((*blocks, Dense(10)))
    seeds = [s.spawn(2) for s in np.random.SeedSequence((setup.seed, 2)).spawn(setup.runs)]
    params, state = net.init(
        [np.random.default_rng(s[0]) for _ in setup.rates for s in seeds], 49, np.float32
    )
    order = [np.random.default_rng(s[1]) for _ in setup.rates for s in seeds]
    stream = batches(digits.train_x, digits.train_labels, setup.batch, order)

    def accuracy(moment) -> np.ndarray:
        if moment.step < setup.steps:
            return np.zeros(())
        logits, _, _ = net.forward(moment.params, moment.state, digits.test_x[None], False)
        return (logits.argmax(axis=2) == digits.test_labels).mean(axis=1)

    rates = np.repeat(np.array(setup.rates), setup.runs)
    readings = [read for _, read in train(net, params, state, stream, SGD(rates), range(setup.steps - setup.averaged + 1, setup.steps + 1),
                                          {"loss": lambda moment: moment.loss, "accuracy": accuracy})]  # fmt: skip
    shape = (1, 1, 1, len(setup.rates), setup.runs)
    loss = np.mean([read["loss"] for read in readings], axis=0, dtype=float)
    dims = ("activation", "order", "affine", "rate", "run")
    return xr.Dataset(
        {
            "loss": (dims, np.where(np.isfinite(loss), loss, np.inf).reshape(shape), {"units": "nats", "long_name": "training loss, mean over the last batches"}),
            "accuracy": (dims, readings[-1]["accuracy"].reshape(shape), {"units": "1", "long_name": "test accuracy with running statistics"}),
        },
        coords={"activation": [point.activation], "order": [point.order], "affine": ["with" if point.affine else "without"],
                "rate": list(setup.rates), "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------------- claims

# Sums of 40 numbers in double precision lose at most 40 · 1.1e-16 of the sum of their sizes, twice or three times in a row.
ROUND_OFF = 1e-12
# With 16 runs of 20,000 samples a moment has a relative standard error of at most 0.6 % where β/γ ≥ −1; three of them are 2 %.
SAMPLING = 0.02
CHECKED = ((1.0, -1.0), (2.0, -1.0), (1.0, 0.0), (0.5, 0.25), (1.0, 1.0), (3.0, 6.0))
COMMON_RATE = 0.1


def _moment(
    place: str, pair: tuple[float, float], moment: str, over_theory: bool = False
) -> Callable[[xr.Dataset], Measurement]:
    def measure(results: xr.Dataset) -> Measurement:
        at = results.sel(pair=pair_name(*pair), moment=moment)
        return mean(
            at["moments"].sel(place=place).values
            / (float(at["moments_theory"]) if over_theory else 1.0)
        )

    return measure


def _difference(change: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: spread(results["difference"].sel(change=change).values)


def losses(
    results: xr.Dataset, activation: str, order: str, affine: bool, rate: float | None = None
) -> np.ndarray:
    """Final losses of the runs, at one learning rate or, without one, at the rate with the lowest mean."""
    found = (
        results["loss"]
        .sel(activation=activation, order=order, affine="with" if affine else "without")
        .transpose("rate", "run")
    )
    if rate is not None:
        return found.sel(rate=rate, method="nearest").values
    return found.values[found.mean("run").values.argmin()]


def _order(
    activation: str, affine: bool, rate: float | None = None
) -> Callable[[xr.Dataset], Measurement]:
    """Loss with batch norm after the nonlinearity in parts of that with it before."""
    return lambda results: paired_ratio(
        *(losses(results, activation, order, affine, rate) for order in ("after", "before"))
    )


def _affine(activation: str, order: str) -> Callable[[xr.Dataset], Measurement]:
    """Loss without γ and β in parts of that with them, each at its best rate."""
    return lambda results: paired_ratio(
        *(losses(results, activation, order, affine) for affine in (False, True))
    )


def _gain(activation: str, order: str) -> Callable[[xr.Dataset], Measurement]:
    """Loss with batch norm, γ and β in parts of that without, each at its best rate."""
    return lambda results: paired_ratio(
        losses(results, activation, order, True), losses(results, activation, "none", False)
    )


def _accuracy(activation: str, order: str, affine: bool) -> Callable[[xr.Dataset], Measurement]:
    """Test accuracy at the rate of the lowest training loss."""

    def measure(results: xr.Dataset) -> Measurement:
        at = results.sel(
            activation=activation, order=order, affine="with" if affine else "without"
        ).transpose("rate", "run", ...)
        return mean(at["accuracy"].values[at["loss"].mean("run").values.argmin()])

    return measure


NAMES = {"relu": "ReLU", "sigmoid": "sigmoid"}

CLAIMS = (
    Claim(
        id="rectified-moments",
        says="Behind batch norm and a ReLU, a unit with normal inputs has the moments of a rectified normal variable.",
        source="reader",
        cases=(
            Case("γ = 1, β = 0: share of zeros", _moment("before", (1.0, 0.0), "zeros"), lambda m: m.within(0.5, relative=SAMPLING), "within 2 % of one half"),
            *(Case(f"{pair_name(*pair)}: {words}", _moment("before", pair, moment, over_theory=True), lambda m: m.within(1, relative=SAMPLING),
                   "within 2 % of the closed form")
              for pair in CHECKED for moment, words in (("mean", "mean"), ("std", "standard deviation"))),
        ),
        verdict="supported",
        figure="placement-moments",
        because="Its input is normal with mean β and standard deviation γ, and the ReLU cuts it at zero.",
    ),
    Claim(
        id="next-layer-sees-standardized-inputs",
        says="With batch norm, the next layer gets inputs with mean 0 and variance 1.",
        source="overview",
        cases=tuple(
            Case(f"batch norm {place} the ReLU, γ = 1, β = 0: {words}", _moment(place, (1.0, 0.0), moment), lambda m, target=target: m.within(target, absolute=0.01),
                 f"within 0.01 of {target:g}")
            for place in ("after", "before") for moment, words, target in (("mean", "mean", 0.0), ("std", "standard deviation", 1.0))
        ),
        verdict="depends",
        figure="placement-moments",
        because="It does if batch norm comes after the nonlinearity; before it, the ReLU moves the mean and shrinks the spread.",
    ),
    Claim(
        id="bias-across-a-nonlinearity-is-redundant",
        says="If batch norm comes after the nonlinearity, the bias before the nonlinearity is redundant too.",
        source="reader",
        cases=tuple(
            Case(f"{between.replace('relu', 'ReLU')} between: |∂L/∂b| over the sum of sizes", _difference(f"bias, {between} between"), lambda m: m.below(ROUND_OFF), "zero up to round-off (1e-12)")
            for between in ("relu", "sigmoid")
        ),
        verdict="refuted",
        figure="placement-exact",
        because="Directly in front of batch norm the mean takes a bias out; in front of a nonlinearity the bias decides where the curve bends.",
    ),
    Claim(
        id="scale-invariance-needs-homogeneity",
        says="The output does not change when the weights in front of batch norm are multiplied by a positive constant.",
        source="reader",
        cases=tuple(
            Case(f"{between.replace('relu', 'ReLU')} between", _difference(f"weights, {between} between"), lambda m: m.below(ROUND_OFF), "the same output up to round-off (1e-12)")
            for between in ("nothing", "relu", "relu and bias", "sigmoid")
        ),
        verdict="depends",
        figure="placement-exact",
        because="A ReLU hands a positive factor on, and a bias in between or a sigmoid does not.",
    ),
    Claim(
        id="next-layer-absorbs-gamma-and-beta",
        says="γ and β are redundant, since the next layer’s weights and bias can do the same.",
        source="reader",
        cases=(
            Case("the next dense layer follows at once: γ and β handed to it", _difference("absorb, nothing between"), lambda m: m.below(ROUND_OFF), "the same output up to round-off (1e-12)"),
            Case("ReLU between: γ and β divided, the next weights multiplied", _difference("absorb, relu between, both scaled"), lambda m: m.below(ROUND_OFF), "the same output up to round-off (1e-12)"),
            Case("ReLU between: γ alone", _difference("absorb, relu between, only gamma scaled"), lambda m: m.below(ROUND_OFF), "the same output up to round-off (1e-12)"),
            Case("sigmoid between: γ and β divided, the next weights multiplied", _difference("absorb, sigmoid between, both scaled"), lambda m: m.below(ROUND_OFF), "the same output up to round-off (1e-12)"),
        ),
        verdict="depends",
        figure="placement-exact",
        because="A linear layer absorbs both; through a ReLU only a common factor of both passes, and through a sigmoid nothing.",
    ),
    Claim(
        id="batch-norm-belongs-before",
        says="Batch norm belongs before the nonlinearity: trained that way, networks reach a lower loss.",
        source="reader",
        cases=(
            *(Case(f"{words}, {'with' if affine else 'without'} γ and β, each order at its best rate", _order(name, affine), lambda m: m.above(1),
                   "a higher loss with batch norm after")
              for affine in (True, False) for name, words in NAMES.items()),
            Case("sigmoid, with γ and β, at a rate of 0.1", _order("sigmoid", True, COMMON_RATE), lambda m: m.above(1), "a higher loss with batch norm after"),
        ),
        verdict="depends",
        figure="placement-training",
        because="With γ and β and a well chosen rate it does here, by a little; at a rate of a tenth, or without γ and β, sigmoids train better with batch norm after them.",
    ),
    Claim(
        id="gamma-and-beta-help-training",
        says="Batch norm needs γ and β to train well.",
        source="overview",
        cases=tuple(
            Case(f"{words}, batch norm {place}, each at its best rate", _affine(name, place), lambda m: m.above(1.05), "a loss more than 5 % higher without them")
            for name, words in NAMES.items() for place in ("before", "after")
        ),
        verdict="depends",
        figure="placement-training",
        because="A sigmoid needs them in front of it to leave its linear part; elsewhere in these networks they can be left out.",
    ),
)  # fmt: skip

VALUES = {
    "relu_order": _order("relu", True),
    "sigmoid_order": _order("sigmoid", True),
    "relu_order_plain": _order("relu", False),
    "sigmoid_order_plain": _order("sigmoid", False),
    "sigmoid_order_slow": _order("sigmoid", True, COMMON_RATE),
    "sigmoid_affine": _affine("sigmoid", "before"),
    "relu_affine": _affine("relu", "before"),
    "relu_gain": _gain("relu", "before"),
    "sigmoid_gain": _gain("sigmoid", "before"),
    "relu_gain_after": _gain("relu", "after"),
    "sigmoid_gain_after": _gain("sigmoid", "after"),
    "relu_before_accuracy": _accuracy("relu", "before", True),
    "relu_after_accuracy": _accuracy("relu", "after", True),
    "sigmoid_before_accuracy": _accuracy("sigmoid", "before", True),
    "sigmoid_after_accuracy": _accuracy("sigmoid", "after", True),
    "mean_before": _moment("before", (1.0, 0.0), "mean"),
    "std_before": _moment("before", (1.0, 0.0), "std"),
    "zeros_before": _moment("before", (1.0, 0.0), "zeros"),
    "mean_after": _moment("after", (1.0, 0.0), "mean"),
    "std_after": _moment("after", (1.0, 0.0), "std"),
    "bias_relu": _difference("bias, relu between"),
    "weights_bias": _difference("weights, relu and bias between"),
}  # fmt: skip
