"""Does batch norm keep sigmoid and tanh out of saturation, and does it cure vanishing gradients?

Networks of ten hidden layers, of sigmoids or of tanh, with batch norm and without, on MNIST-5k shrunk to 7×7 pixels. They start from
LeCun's weights ("usual") and from the same weights multiplied by a factor ("large"); with and without batch norm, and at both sizes, a run
has the same weights, up to the factor, and the same batches. Read through training: the share of saturated units of every layer
on a fixed probe of test images, with the probe's own statistics, and the length of ∂L/∂W of every layer on the next batch.
A unit counts as saturated where its output is within a twentieth of its range of either end: a sigmoid below 0.05 or above 0.95, a
tanh beyond ±0.9. Before training, on wider layers and larger batches, the growth of the gradient from layer to layer is set beside
closed forms.

The large factor and the learning rate were chosen after a trial with another seed; the thresholds of the claims too, as round numbers far
from what the trial gave. After a first full run the growth of gradients was read from the second layer on, since the first one's prediction is another, and
a curve that makes gradients grow became a claim of its own. Of units that cannot be saturated less, the claim on saturation asks since then that they are not saturated more.

What came out: two failures are called by one name. With usual weights the sigmoids of a deep plain network are not saturated at all,
and the gradient vanishes because the slope of a sigmoid is at most a quarter. With large weights
they are saturated, and hardly learn either. Batch norm does away with both at the start, whatever the size of the weights, and keeps the gradient of
the first layer comparable to that of the last. But it does not prevent saturation as such: with tanh it has more
saturated units than usual weights without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import Sigmoid, Tanh
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.layer import Arrays
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import Moment, train
from experiments.measures import sigmoid
from experiments.measures.statistics import (
    Measurement,
    exact,
    mean,
    paired_difference,
    paired_ratio,
)
from experiments.theory import nonlinearity as theory

ACTIVATIONS = {"sigmoid": Sigmoid, "tanh": Tanh}
NORMS = ("none", "batch norm")
SIZES = ("usual", "large")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    layers: int = 10  # hidden layers
    width: int = 32  # units in each of them
    large: float = 5.0  # factor of the large weights over the usual ones
    batch: int = 60  # images in a training batch
    learning_rate: float = 0.1  # of stochastic gradient descent, without momentum
    steps: int = 400  # training steps
    readings: int = 36  # at most so many steps are read, closer together at the start
    probe: int = 200  # test images on which saturation is read, the same number of each digit
    bins: int = 20  # bins of the histograms of a layer's output
    start_width: int = 256  # units in a layer where the closed forms are checked, before training
    start_batch: int = 256  # images there
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 29  # every random stream is spawned from it


QUICK = Setup(
    width=12, steps=40, readings=8, probe=50, bins=10, start_width=40, start_batch=40, runs=3
)
FULL = Setup()
PAPER = Setup(width=100, steps=20_000, readings=100, probe=1000, start_width=1000, start_batch=1000)
RUNS_A_POINT = 8


@dataclass(frozen=True)
class Point:
    """A few runs of training, or of the start in wide layers, of one kind of network."""

    part: str  # "start" or "training"
    activation: str  # "sigmoid" or "tanh"
    norm: str  # "none" or "batch norm"
    first: int  # the first of its runs
    last: int  # one after the last
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Training and the start, for both activations, with and without batch norm; the runs in groups."""
    return {
        f"{part}-{activation}-{norm.replace(' ', '-')}-runs-{first:02d}": Point(
            part, activation, norm, first, min(first + RUNS_A_POINT, setup.runs), setup)
        for part in ("start", "training") for activation in ACTIVATIONS for norm in NORMS
        for first in range(0, setup.runs, RUNS_A_POINT)
    }  # fmt: skip


def run(point: Point) -> xr.Dataset:
    """Compute one point."""
    return {"start": _start, "training": _training}[point.part](point)


def _training(point: Point) -> xr.Dataset:
    """Train at both sizes of the weights at once, one replica a size and run."""
    setup, (x, labels, test_x, test_labels) = point.setup, _digits()
    network = _network(setup.layers, setup.width, point)
    params, state = _init(network, point, (1.0, setup.large), np.float32)
    # a generator for every replica: those of one run start alike, so both sizes see the same batches
    rngs = [np.random.default_rng(seeds[1]) for _ in SIZES for seeds in _seeds(point)]
    probe = np.concatenate(
        [test_x[test_labels == digit][: setup.probe // 10] for digit in range(10)]
    )[None]
    hidden, outputs = (
        _indices(network, Dense)[:-1],
        _indices(network, ACTIVATIONS[point.activation]),
    )
    edges = np.linspace(*((0, 1) if point.activation == "sigmoid" else (-1, 1)), setup.bins + 1)
    last = setup.steps

    def read(moment: Moment) -> np.ndarray:
        """Share of saturated units, length of the gradient (layer, replica), and histograms (bin, layer, replica), stacked."""
        _, saved, _ = network.forward(moment.params, moment.state, probe, True)
        saturated = [_saturated(point.activation, saved[i]["x"]) for i in outputs]
        lengths = [
            np.sqrt(np.square(moment.grads[i]["weight"].astype(float)).sum(axis=(1, 2)))
            for i in hidden
        ]
        counts = [[np.histogram(y, edges)[0] / y.size for y in saved[i]["y"]] for i in outputs]
        return np.concatenate([[saturated], [lengths], np.moveaxis(counts, 2, 0)])

    def accuracy(moment: Moment) -> np.ndarray:
        if moment.step < last:
            return np.zeros(len(rngs))
        logits, _, _ = network.forward(moment.params, moment.state, test_x[None], False)
        return (logits.argmax(axis=2) == test_labels).mean(axis=1)

    steps = reading_steps(setup)
    readings, accuracies = [], None
    for _, found in train(network, params, state, batches(x, labels, setup.batch, rngs), SGD(setup.learning_rate), steps,
                          {"layers": read, "accuracy": accuracy}):  # fmt: skip
        readings.append(found["layers"])
        accuracies = found["accuracy"]
    table = np.stack(readings).reshape(len(steps), 2 + setup.bins, setup.layers, len(SIZES), -1)
    table = np.transpose(table, (1, 3, 0, 2, 4))[
        :, None, None
    ]  # (quantity, 1, 1, size, step, layer, run)
    dims, about = ("activation", "norm", "size", "step", "layer", "run"), {"units": "1"}
    result = xr.Dataset(
        {
            "saturated": (dims, table[0], about | {"long_name": "share of saturated outputs of a layer on the probe"}),
            "gradient": (dims, table[1], about | {"long_name": "length of ∂L/∂W of a layer"}),
            "accuracy": (("activation", "norm", "size", "run"), accuracies.reshape(1, 1, len(SIZES), -1),
                         about | {"long_name": "test accuracy at the end, with running statistics"}),
        },
        coords={"activation": [point.activation], "norm": [point.norm], "size": list(SIZES), "step": np.array(steps, dtype=np.int32),
                "layer": np.arange(1, setup.layers + 1, dtype=np.int32), "run": _run_numbers(point)},
    )  # fmt: skip
    if (
        point.first == 0 and point.activation == "sigmoid"
    ):  # the animation shows the first group of runs
        result["histogram"] = (("norm", "size", "step", "layer", "bin"), np.moveaxis(table[2:, 0, 0].mean(axis=-1), 0, -1)[None]
                               .astype(np.float32), about | {"long_name": "share of a layer's outputs on the probe, mean of some runs"})  # fmt: skip
        result = result.assign_coords(bin=(edges[:-1] + edges[1:]) / 2)
    return result


def reading_steps(setup: Setup) -> list[int]:
    """The steps that are read: from 0 to the last, t² / last apart, so closer together at the start."""
    grid = np.linspace(0, 1, setup.readings) ** 2 * setup.steps
    return sorted(set(grid.round().astype(int).tolist()))


def _start(point: Point) -> xr.Dataset:
    """One forward and backward pass of wide networks: ‖∂L/∂z‖² of every hidden layer, usual and large weights."""
    setup, (x, labels, _, _) = point.setup, _digits()
    network = _network(setup.layers, setup.start_width, point)
    dense = _indices(network, Dense)[:-1]
    found, inputs = [], []
    for k, seeds in enumerate(_seeds(point)):
        chosen = np.random.default_rng(seeds[1]).permutation(len(labels))[: setup.start_batch]
        one = Point(
            point.part, point.activation, point.norm, point.first + k, point.first + k + 1, setup
        )
        params, state = _init(network, one, (1.0, setup.large), np.float64)
        data = x[chosen][None].astype(np.float64)
        logits, saved, _ = network.forward(params, state, data, True)
        _, dy = softmax_cross_entropy(logits, labels[chosen][None])
        squares = {}
        for i in reversed(range(len(network.layers))):
            if i in dense:
                squares[i] = np.square(dy).sum(axis=(1, 2))
            dy, _ = network.layers[i].backward(params[i], saved[i], dy)
        found.append([squares[i] for i in dense])
        inputs.append(np.square(data).mean() * np.array([1.0, setup.large]) ** 2)
    square = np.moveaxis(np.array(found), (0, 1, 2), (2, 1, 0))  # (size, layer, run)
    growth = np.exp(
        np.log(square[:, 1] / square[:, -1]) / (setup.layers - 2)
    )  # a layer, above the first
    between = setup.layers - 1
    factors = np.array([
        np.full(between, theory.normalized_gradient_growth(point.activation)) if point.norm == "batch norm"
        else theory.plain_gradient_growth(point.activation, scale, q, between)
        for scale, q in zip((1.0, setup.large), np.mean(inputs, axis=0), strict=True)
    ])  # fmt: skip
    above = np.cumprod(np.column_stack([np.ones(2), factors[:, ::-1]]), axis=1)[
        :, ::-1
    ]  # (size, layer)
    dims, about = ("activation", "norm", "size", "run"), {"units": "1"}
    result = xr.Dataset(
        {
            "square": (("activation", "norm", "size", "layer", "run"), (square / square[:, -1:])[None, None],
                       about | {"long_name": "‖∂L/∂z‖² of a layer before training, over that of the last hidden layer"}),
            "growth": (dims, growth[None, None], about | {"long_name": "factor of ‖∂L/∂z‖² from a layer to the one below, geometric mean from the last hidden layer to the second"}),
        },
        coords={"activation": [point.activation], "norm": [point.norm], "size": list(SIZES),
                "layer": np.arange(1, setup.layers + 1, dtype=np.int32), "run": _run_numbers(point)},
    )  # fmt: skip
    if point.first == 0:  # the grey values of the first group of runs stand for all images
        result["predicted"] = (
            dims[:3],
            (above[:, 1] ** (1 / (between - 1)))[None, None],
            about | {"long_name": "the same for wide layers"},
        )
        result["predicted_square"] = (("activation", "norm", "size", "layer"), above[None, None],
                                      about | {"long_name": "‖∂L/∂z‖² over that of the last hidden layer, for wide layers"})  # fmt: skip
    return result


# ------------------------------------------------------------------------------------------------------------- shared by both


def _network(layers: int, width: int, point: Point) -> Network:
    norm = (Standardize(), Affine()) if point.norm == "batch norm" else ()
    block = (Dense(width, bias=not norm), *norm, ACTIVATIONS[point.activation]())
    return Network((*block * layers, Dense(10)))


def _digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    digits = mnist.load_shrunk(7)
    return digits.train_x, digits.train_labels, digits.test_x, digits.test_labels


def _seeds(point: Point) -> list[list[np.random.SeedSequence]]:
    """For each run of the point, a seed of the weights and one of the order of samples."""
    runs = np.random.SeedSequence(point.setup.seed).spawn(point.setup.runs)[
        point.first : point.last
    ]
    return [seed.spawn(2) for seed in runs]


def _init(
    network: Network, point: Point, scales: tuple[float, ...], dtype: type
) -> tuple[list[Arrays], list[Arrays]]:
    """Parameters and state of one replica a scale and run: the hidden weights of a run times the scale, its output layer as it is."""
    params, state = network.init(
        [np.random.default_rng(seeds[0]) for seeds in _seeds(point)], 49, dtype
    )
    runs = point.last - point.first

    def repeated(layers: list[Arrays]) -> list[Arrays]:
        return [
            {name: np.concatenate([a] * len(scales)) for name, a in layer.items()}
            for layer in layers
        ]

    params, state = repeated(params), repeated(state)
    for i in _indices(network, Dense)[:-1]:
        params[i]["weight"] *= np.repeat(scales, runs)[:, None, None].astype(dtype)
    return params, state


def _indices(network: Network, kind: type) -> list[int]:
    return [i for i, layer in enumerate(network.layers) if isinstance(layer, kind)]


def _saturated(activation: str, z: np.ndarray) -> np.ndarray:
    """Share of saturated outputs: tanh(z) = 2σ(2z) − 1, so a tanh of z is within a twentieth of its range of an end where σ(2z) is."""
    return sigmoid.saturated_share(z if activation == "sigmoid" else 2 * z)


def _run_numbers(point: Point) -> np.ndarray:
    return np.arange(point.first, point.last, dtype=np.int32)


# --------------------------------------------------------------------------------------------------------------------- claims


def _of(results: xr.Dataset, name: str, activation: str, norm: str, size: str) -> xr.DataArray:
    return results[name].sel(activation=activation, norm=norm, size=size)


def saturated_at_end(results: xr.Dataset, activation: str, norm: str, size: str) -> np.ndarray:
    """Share of saturated units of all hidden layers at the last step, for each run."""
    return _of(results, "saturated", activation, norm, size).isel(step=-1).mean("layer").values


def gradient_ratio(
    results: xr.Dataset, activation: str, norm: str, size: str, step: int = 0
) -> np.ndarray:
    """‖∂L/∂W‖ of the first layer over that of the last hidden one, for each run; `step` counts the readings."""
    lengths = _of(results, "gradient", activation, norm, size).isel(step=step)
    return lengths.isel(layer=0).values / lengths.isel(layer=-1).values


def _growth(results: xr.Dataset, activation: str, norm: str, size: str) -> Measurement:
    """The factor of ‖∂L/∂z‖² a layer, geometric mean over runs and the layers above the first, whose input is pixels."""
    growth = _of(results, "growth", activation, norm, size).values
    return paired_ratio(growth, np.ones_like(growth))


def _ratio(
    activation: str, norm: str, size: str, step: int = 0
) -> Callable[[xr.Dataset], Measurement]:
    def measure(results: xr.Dataset) -> Measurement:
        ratio = gradient_ratio(results, activation, norm, size, step)
        return paired_ratio(ratio, np.ones_like(ratio))

    return measure


def _tamed(activation: str, size: str) -> Callable[[xr.Dataset], Measurement]:
    """The ratio of gradients with batch norm over the one without, before training."""
    return lambda results: paired_ratio(
        *(gradient_ratio(results, activation, norm, size) for norm in reversed(NORMS))
    )


def _less_saturated(activation: str, size: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: paired_difference(
        *(saturated_at_end(results, activation, norm, size) for norm in NORMS)
    )


def _more_accurate(activation: str, size: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: paired_difference(
        *(_of(results, "accuracy", activation, norm, size).values for norm in reversed(NORMS)))  # fmt: skip


def _predicted(activation: str, size: str) -> Callable[[xr.Dataset], Measurement]:
    def measure(results: xr.Dataset) -> Measurement:
        growth = _of(results, "growth", activation, "none", size).values
        return paired_ratio(
            growth, np.full_like(growth, float(_of(results, "predicted", activation, "none", size)))
        )

    return measure


CELLS = tuple((activation, size) for activation in ACTIVATIONS for size in SIZES)

CLAIMS = (
    Claim(
        "bn-prevents-saturation",
        says="Batch norm prevents saturation: it keeps the inputs of sigmoid and tanh out of the flat parts.",
        source="overview",
        cases=(
            *(Case(f"{activation}, large weights, all hidden layers after training", measure=_less_saturated(activation, "large"),
                   holds=lambda m: m.above(0.05), rule="the share of saturated units is lower with batch norm by more than 0.05")
              for activation in ACTIVATIONS),
            *(Case(f"{activation}, usual weights, all hidden layers after training", measure=_less_saturated(activation, "usual"),
                   holds=lambda m: m.above(-0.05), rule="the share of saturated units is not higher with batch norm by 0.05 or more")
              for activation in ACTIVATIONS),
        ),
        verdict="depends",
        figure="saturation-shares",
        because="It depends on the weights. Large ones saturate the network without batch norm and hardly the one with it. Usual ones "
                "saturate no sigmoid, and fewer units of tanh than a standard normal input does, which batch norm makes.",
    ),
    Claim(
        "ten-layers-keep-their-gradient",
        says="In a network of ten layers of sigmoids or tanh, batch norm lets the first layer start with about as much gradient as the last.",
        source="overview",
        cases=(
            *(Case(f"{activation}, {size} weights, before training, with batch norm",
                   measure=_ratio(activation, "batch norm", size), holds=lambda m: m.within(5.05, absolute=4.95),
                   rule="the gradient of the first layer’s weights is a tenth to ten times as long as that of the tenth’s")
              for activation, size in CELLS),
            Case("tanh, large weights, before training: with batch norm over without", measure=_tamed("tanh", "large"),
                 holds=lambda m: m.below(0.1), rule="that ratio of lengths is less than a tenth of the one without batch norm"),
            Case("sigmoid, usual weights, before training: with batch norm over without", measure=_tamed("sigmoid", "usual"),
                 holds=lambda m: m.above(10), rule="that ratio of lengths is more than ten times the one without batch norm"),
        ),
        verdict="supported",
        figure="saturation-gradients",
        because="It takes the size of the weights and most of the slope out of the product that goes through the layers; what is left "
                "over in each is a factor not far from one, and ten of those do not make much.",
    ),
    Claim(
        "every-curve-makes-gradients-grow",
        says="With batch norm the gradient grows from layer to layer towards the input, whatever the nonlinearity.",
        source="reader",
        cases=tuple(
            Case(f"{activation}, usual weights, before training, wide layers",
                 measure=lambda results, activation=activation: _growth(results, activation, "batch norm", "usual"),
                 holds=lambda m: m.above(1), rule="the squared gradient grows, on average over the layers from the last hidden one to the second")
            for activation in ACTIVATIONS
        ),
        verdict="supported",
        figure="saturation-start",
        because="Of all functions of a standard normal variable, only straight lines have a mean square slope as small as their variance.",
    ),
    Claim(
        "deep-sigmoids-vanish",
        says="Without batch norm the gradient of a deep network of sigmoid or tanh vanishes.",
        source="post",
        cases=tuple(
            Case(f"{activation}, {size} weights, before training", measure=_ratio(activation, "none", size),
                 holds=lambda m: m.below(1e-3),
                 rule="the gradient of the first layer’s weights is less than a thousandth as long as that of the tenth’s")
            for activation, size in CELLS
        ),
        verdict="depends",
        figure="saturation-gradients",
        because="It depends on the nonlinearity and the weights: sigmoids with usual weights, whose slope is at most a quarter, lose nearly "
                "all of it; large weights make up for the slope, and the slope of tanh is one in the middle.",
    ),
    Claim(
        "vanishing-has-a-rate",
        says="How fast gradients vanish without batch norm follows from the mean square slope of the nonlinearity.",
        source="reader",
        cases=tuple(
            Case(f"{activation}, {size} weights", measure=_predicted(activation, size),
                 holds=lambda m: m.within(1, absolute=0.05),
                 rule="the factor a layer is within a twentieth of the prediction for wide layers")
            for activation, size in CELLS
        ),
        verdict="supported",
        figure="saturation-start",
        because="The squared gradient is multiplied by the variance of the weights times their number times the mean square slope, layer by "
                "layer; that is what random wide layers do.",
    ),
    Claim(
        "bn-makes-saturating-units-usable",
        says="Batch norm makes it possible to train deep networks of saturating units.",
        source="ioffe2015",
        cases=tuple(
            Case(f"{activation}, {size} weights", measure=_more_accurate(activation, size), holds=lambda m: m.above(0.2),
                 rule="test accuracy after training is higher by more than twenty percentage points")
            for activation, size in CELLS
        ),
        verdict="depends",
        figure="saturation-shares",
        because="It depends on what the network would do without: sigmoids, and tanh with large weights, hardly learn in "
                "this time, and tanh with usual weights learns nearly as well.",
    ),
)  # fmt: skip


def _share_at(
    activation: str, norm: str, size: str, step: int
) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(
        _of(results, "saturated", activation, norm, size).isel(step=step).mean("layer").values
    )


def _accuracy(activation: str, norm: str, size: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(_of(results, "accuracy", activation, norm, size).values)


SHORT = {"none": "none", "batch norm": "bn"}
VALUES = {
    **{f"saturated_{activation}_{SHORT[norm]}_{size}": _share_at(activation, norm, size, -1)
       for activation, size in CELLS for norm in NORMS},
    **{f"ratio_{activation}_{SHORT[norm]}_{size}": _ratio(activation, norm, size) for activation, size in CELLS for norm in NORMS},
    **{f"growth_{activation}_{SHORT[norm]}_{size}":
       lambda results, cell=(activation, norm, size): _growth(results, *cell) for activation, size in CELLS for norm in NORMS},
    **{f"accuracy_{activation}_{SHORT[norm]}_{size}": _accuracy(activation, norm, size) for activation, size in CELLS for norm in NORMS},
    "predicted_sigmoid_none": lambda results: exact(_of(results, "predicted", "sigmoid", "none", "usual")),
    "predicted_sigmoid_bn": lambda results: exact(_of(results, "predicted", "sigmoid", "batch norm", "usual")),
    "predicted_tanh_bn": lambda results: exact(_of(results, "predicted", "tanh", "batch norm", "usual")),
    "normal_sigmoid": lambda results: exact(sigmoid.saturated_share_gaussian(1.0, 0.0)),
    "normal_tanh": lambda results: exact(sigmoid.saturated_share_gaussian(2.0, 0.0)),
}  # fmt: skip
