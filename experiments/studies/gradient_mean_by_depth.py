"""Are gradient directions biased, and the more so the deeper the layer?

Bias needs a definition. At the input of every activation each sample gives a gradient; if these pulled at random, their mean would be
short beside their standard deviation, and if all pulled the same way, it would be long. The bias of a layer is the root mean square over
units of the mean over samples, divided by that of the standard deviation; m samples without bias give about 1/√m. Beside it, without a
verdict, the same for whole gradients of weights: ‖E g‖²/E‖g‖² of the samples' contributions g, from 0 to 1, estimated without the bias of a
finite sample, (m ‖mean g‖² − mean ‖g‖²)/((m − 1) mean ‖g‖²).

Changed after the full run: the claim had four more cases, on the slope of that second number. With batch norm it rose; without, its
intervals held zero, before training and through it, and all four were taken out.

A network of tanh layers learns handwritten digits, with batch norm and without, from the same weights and on the same batches; both numbers are
read on training images that stay the same, in all hidden layers, before and during training. Deeper means nearer to the output. Rate and
depth were fixed before any run of this study.

What came out: at the activations the bias falls towards the output without batch norm and rises with it; through training, it is
several times smaller with batch norm in the first layer, where it is no larger than chance would give.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import Tanh
from experiments.engine.affine import Affine
from experiments.engine.buffers import Buffers
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import Moment, train
from experiments.measures.statistics import Measurement, mean

NORMS = ("none", "batch norm")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    depth: int = 6  # hidden layers
    width: int = 64  # tanh units in each
    batch: int = 60  # images in a training batch
    rate: float = 0.1  # learning rate of plain stochastic gradient descent
    steps: int = 300  # training steps
    readings: int = 10  # steps read on a logarithmic scale, beside step 0
    probe: int = 500  # training images on which gradients are read, the same number of each digit
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 23  # every random stream is spawned from it


QUICK = Setup(depth=4, width=16, steps=20, readings=4, probe=100, runs=4)
FULL = Setup()
PAPER = FULL


@dataclass(frozen=True)
class Point:
    """All runs of one network."""

    norm: str
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """With batch norm and without."""
    return {norm.replace(" ", "-"): Point(norm, setup) for norm in NORMS}


def run(point: Point) -> xr.Dataset:
    """Train one network and read the bias of its gradients."""
    setup, digits = point.setup, mnist.load()
    layers: list = []
    for _ in range(setup.depth):
        layers += (
            [Dense(setup.width, bias=False), Standardize(), Affine()]
            if point.norm == "batch norm"
            else [Dense(setup.width)]
        )
        layers += [Tanh()]
    network = Network((*layers, Dense(10)))
    seeds = [seed.spawn(2) for seed in np.random.SeedSequence(setup.seed).spawn(setup.runs)]
    weights, order = (
        [np.random.default_rng(seed) for seed in column] for column in zip(*seeds, strict=True)
    )
    params, state = network.init(weights, 784, np.float32)
    stream = batches(digits.train_x, digits.train_labels, setup.batch, order)
    each = setup.probe // 10
    probe = np.concatenate(
        [digits.train_x[digits.train_labels == digit][:each] for digit in range(10)]
    )[None]
    labels = np.repeat(np.arange(10), each)[None]
    steps = sorted({0, *np.geomspace(1, setup.steps, setup.readings).round().astype(int).tolist()})
    coherence, ratio, loss, buffers = [], [], [], Buffers()

    def instrument(moment: Moment) -> int:
        logits, saved, _ = network.forward(moment.params, moment.state, probe, True, buffers)
        value, dy = softmax_cross_entropy(logits, labels)
        of_weights, of_inputs = [], []
        for i in reversed(range(len(network.layers))):
            layer, kept = network.layers[i], saved[i]
            if isinstance(layer, Dense) and i < len(network.layers) - 1:
                of_weights.append(weight_bias(kept["x"], dy))
            dy, _ = layer.backward(moment.params[i], kept, dy, buffers.part(i))
            if isinstance(layer, Tanh):
                of_inputs.append(mean_over_std(dy))
        coherence.append(np.stack(of_weights[::-1]))
        ratio.append(np.stack(of_inputs[::-1]))
        loss.append(value.astype(float))
        return moment.step

    for _ in train(network, params, state, stream, SGD(setup.rate), steps, {"step": instrument}):
        pass
    dims, about = ("norm", "layer", "step", "run"), {"units": "1"}
    return xr.Dataset(
        {
            "bias": (dims, np.stack(coherence, axis=1)[None], about | {"long_name": "squared length of the mean gradient in parts of the mean squared length"}),
            "ratio": (dims, np.stack(ratio, axis=1)[None], about | {"long_name": "mean over samples of the gradient at an activation's input, over its standard deviation"}),
            "loss": (("norm", "step", "run"), np.stack(loss)[None], {"units": "nats", "long_name": "cross-entropy on the probe"}),
        },
        coords={"norm": [point.norm], "layer": np.arange(1, setup.depth + 1, dtype=np.int32), "step": np.array(steps, dtype=np.int32),
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def weight_bias(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """‖E g‖²/E‖g‖² of the contributions g_n = x_n ∂L/∂y_nᵀ of samples to the gradient of a weight matrix: (run,).

    ‖g_n‖² = ‖x_n‖² ‖∂L/∂y_n‖², and Σ g_n = xᵀ ∂L/∂y, so no contribution is ever formed. x is (run or 1, sample, feature), dy
    (run, sample, feature).
    """
    x, dy = x.astype(np.float64), dy.astype(np.float64)
    m = dy.shape[1]
    average = np.square(x.swapaxes(1, 2) @ dy / m).sum(axis=(1, 2))
    each = (np.square(x).sum(axis=2) * np.square(dy).sum(axis=2)).mean(axis=1)
    return (m * average - each) / ((m - 1) * each)


def mean_over_std(gradient: np.ndarray) -> np.ndarray:
    """Root mean square over units of the mean over samples, over that of the standard deviation: (run, sample, feature) → (run,)."""
    gradient = gradient.astype(np.float64)
    return np.sqrt(
        np.square(gradient.mean(axis=1)).mean(axis=1) / gradient.var(axis=1).mean(axis=1)
    )


# --------------------------------------------------------------------------------------------------------------------- claims


def slope(results: xr.Dataset, norm: str, kind: str, start: bool) -> np.ndarray:
    """A run's change from layer to layer, by least squares over the layers: before training, or mean over the readings after it began."""
    values = results[kind].sel(norm=norm)
    values = values.isel(step=0) if start else values.isel(step=slice(1, None)).mean("step")
    layer = results["layer"].values - results["layer"].values.mean()
    return (values.transpose("run", "layer").values * layer).sum(axis=1) / np.square(layer).sum()


def _slope(norm: str, kind: str, start: bool) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(slope(results, norm, kind, start))


_WITH = {"none": "without batch norm", "batch norm": "with batch norm"}
CLAIMS = (
    Claim(
        "deeper-gradients-more-biased",
        says="Gradient directions are biased, and the more so the deeper the layer.",
        source="demo",
        cases=tuple(
            Case(f"{_WITH[norm]}, {'before training' if start else 'through training'}", measure=_slope(norm, "ratio", start),
                 holds=lambda m: m.above(0.0), rule="it rises from layer to layer towards the output: slope above 0")
            for norm in NORMS for start in (True, False)
        ),
        verdict="depends",
        figure="gradient-mean-by-depth-layers",
        because="It depends on the network: mean over standard deviation falls from layer to layer towards the output without batch norm, and rises with it. For "
                "gradients of weights there is no verdict.",
    ),
)  # fmt: skip


def _at(norm: str, kind: str, layer: int, start: bool) -> Callable[[xr.Dataset], Measurement]:
    def measure(results: xr.Dataset) -> Measurement:
        values = results[kind].sel(norm=norm).isel(layer=layer)
        return mean(
            (values.isel(step=0) if start else values.isel(step=slice(1, None)).mean("step")).values
        )

    return measure


VALUES = {
    f"{kind}_{'start' if start else 'training'}_{place}_{'bn' if norm == 'batch norm' else 'none'}": _at(norm, kind, layer, start)
    for kind in ("bias", "ratio") for start in (True, False) for place, layer in (("first", 0), ("last", -1)) for norm in NORMS
}  # fmt: skip
