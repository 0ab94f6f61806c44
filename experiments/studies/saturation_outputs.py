"""What do ten layers of sigmoids put out as they learn?

The networks of `saturation_training` with sigmoids, with usual and large weights, with batch norm
and without: histograms of every layer's outputs on test images that never change, with their own
statistics.
"""

import numpy as np

from experiments.engine.activations import Sigmoid
from experiments.results import table
from experiments.runs import Runs
from experiments.study import Learning, call, setting
from experiments.training import enlarged, load, mlp, optimizer_of, paired, square_steps, train

SIZES = ("usual", "large")


class Setup(Learning):
    layers: int = setting(10, "hidden layers")
    width: int = setting(32, "units in each of them")
    large: float = setting(5.0, "factor of the large weights over the usual ones")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    steps: int = setting(400, "training steps")
    readings: int = setting(36, "at most so many steps are read, closer together at the start")
    probe: int = setting(200, "test images, the same number of each digit")
    bins: int = setting(20, "bins of the histograms of a layer's output")
    shown: int = setting(8, "runs whose histograms are averaged")
    seed: int = setting(29, "every random stream is spawned from it")


QUICK = Setup(width=12, steps=40, readings=8, probe=50, bins=10, shown=3)
FULL = Setup()
PAPER = Setup(width=100, steps=20_000, readings=100, probe=1000)


def points(s):
    """Without batch norm, and with it."""
    return {norm.replace(" ", "-"): call(learn, s, norm=norm) for norm in ("none", "batch norm")}


def learn(
    norm,
    data,
    inputs,
    optimizer,
    layers,
    width,
    large,
    batch,
    rate,
    steps,
    readings,
    probe,
    bins,
    shown,
    seed,
):
    """Train from usual and large weights side by side. A histogram is a mean over all runs, so they
    are made here and not split into groups."""
    images, runs, at = load(data, inputs, side=7), Runs(seed, shown), square_steps(steps, readings)
    network = mlp((width,) * layers, norm, Sigmoid())
    model, stream = paired(network, images, batch, runs, copies=len(SIZES))
    model = enlarged(model, runs.each((1.0, large)))
    probed, edges, read = images.test.balanced(probe).x[None], np.linspace(0, 1, bins + 1), []
    for moment in train(model, stream, optimizer_of(optimizer, rate), steps):
        if moment.step in at:
            _, saved, _ = moment.forward(probed, training=True)
            kept = zip(network.layers, saved, strict=True)
            outputs = [one["y"] for layer, one in kept if isinstance(layer, Sigmoid)]
            read.append([[np.histogram(y, edges)[0] / y.size for y in layer] for layer in outputs])
    each = np.array(read).reshape(len(at), layers, len(SIZES), shown, bins)
    found = each.mean(axis=3).astype(np.float32)  # (step, layer, size, bin)
    words = "share of a layer's outputs on the probe, mean of some runs"
    variables = {"histogram": (found, words, "1", "norm step layer size bin")}
    which = {"norm": norm, "step": at, "layer": np.arange(1, layers + 1), "size": SIZES}
    return table(variables, **which, bin=(edges[:-1] + edges[1:]) / 2)


CLAIMS = {}
VALUES = {}
