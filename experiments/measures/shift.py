"""Internal covariate shift by two definitions: what a step of the layers below does to a layer.

The *distribution* definition asks how far the layer's inputs move, on samples that stay the same.
The *gradient* definition asks how far the gradient of its own parameters moves, on the batch of the
step. In both, the layers before have taken the step; in the second, the layer itself and those
after it have not: only what reaches them has changed. Santurkar et al. 2018, Definition 2.1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import xarray as xr

from experiments.engine.buffers import Buffers
from experiments.engine.dense import Dense
from experiments.engine.loss import Loss, softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.parameters import mapped
from experiments.engine.sgd import SGD
from experiments.engine.train import Model, Moment
from experiments.measures.distribution import ordered, wasserstein
from experiments.results import table
from experiments.runs import Runs

# What `both_shifts` reads.
WORDS = {
    "cosine": "cosine of a layer's gradient before and after the layers before it have stepped",
    "absolute": "length of the difference of the two gradients",
    "relative": "length of the difference of the two gradients in parts of the first",
    "travelled": "Wasserstein-1 distance that a layer's inputs move in the step, mean over inputs",
    "spreads": "the same distance in standard deviations of the input",
}


def both_shifts(
    path: Iterable[Moment],
    at: Collection[int],
    rate: float,
    probe: np.ndarray,
    runs: Runs,
    loss: Loss = softmax_cross_entropy,
) -> xr.Dataset:
    """What plain steps do, by both definitions, to all `Dense` layers but the first.

    Parameters
    ----------
    path : iterable of Moment
        A training.
    at : collection of int
        The steps that are read.
    rate : float
        Of the plain step.
    probe, loss
        As of `distribution_shift` and `gradient_shift`.
    runs : Runs
        Those that are trained.

    Returns
    -------
    Dataset
        The names of `WORDS` by layer, step and run, and the "loss" by step and run.
    """
    losses, read, buffers = [], [], Buffers()
    for moment in path:
        if moment.step in at:
            layers = moment.network.layers
            dense = tuple(i for i, layer in enumerate(layers) if isinstance(layer, Dense))[1:]
            after, own = stepped(moment, rate), buffers.part("batch")
            of_gradients = gradient_shift(moment, after, dense, loss, own)
            own = buffers.part("probe")
            read.append(of_gradients | distribution_shift(moment, after, probe, dense, own))
            losses.append(moment.loss.astype(float))
    found = {kind: (np.stack([one[kind] for one in read], 1), said) for kind, said in WORDS.items()}
    found["loss"] = (losses, "training loss: what is minimized, on the batch", "1", "step run")
    return table(found, layer=range(2, len(dense) + 2), step=at, run=runs)


def stepped(moment: Moment, rate: float | np.ndarray) -> Model:
    """The model after one step of plain gradient descent, p − η ∂L/∂p, with its state as it was."""
    params, optimizer = mapped(np.copy, moment.params), SGD(rate)
    optimizer.update(params, moment.grads, optimizer.init(params))
    return Model(moment.network, params, moment.state)


def gradient_shift(
    moment: Moment,
    after: Model,
    layers: tuple[int, ...],
    loss: Loss = softmax_cross_entropy,
    buffers: Buffers | None = None,
) -> dict[str, np.ndarray]:
    """Compare G = ∂L/∂W of a layer with G′, the same after only the layers before it have moved.

    W is the layer's weight matrix. Returns cos(G, G′), 1 where nothing turned; ‖G′ − G‖, the shift
    as defined; and ‖G′ − G‖/‖G‖.

    Parameters
    ----------
    moment : Moment
        Before a training step, in training mode, with the batch of the step and its gradient G.
    after : Model
        After the step.
    layers : tuple of int
        Indices of `Dense` layers in the network.
    loss : callable
        What is minimized.
    buffers : Buffers, optional
        Not those that hold the moment's gradient.

    Returns
    -------
    dict of name to ndarray, shape (layer, run)
        "cosine", "absolute" and "relative"; nan where a gradient vanishes or a run has diverged.
    """
    buffers = buffers or Buffers()
    moved = after.forward(moment.x, True, buffers.part("moved"))[1]
    found: dict[str, list[np.ndarray]] = {"cosine": [], "absolute": [], "relative": []}
    for layer in layers:
        rest, own = Network(moment.network.layers[layer:]), buffers.part(layer)
        kept, state = moment.params[layer:], moment.state[layer:]
        output, saved, _ = rest.forward(kept, state, moved[layer]["x"], True, own)
        doutput = loss(output, moment.labels)[1]
        _, changed = rest.backward(kept, saved, doutput, own, input_gradient=False)
        g, new = (d["weight"].astype(np.float64) for d in (moment.grads[layer], changed[0]))
        with np.errstate(divide="ignore", invalid="ignore"):
            found["cosine"].append((g * new).sum(axis=(1, 2)) / (_length(g) * _length(new)))
            found["absolute"].append(_length(new - g))
            found["relative"].append(_length(new - g) / _length(g))
    return {name: np.array(values) for name, values in found.items()}


def distribution_shift(
    before: Model,
    after: Model,
    probe: np.ndarray,
    layers: tuple[int, ...],
    buffers: Buffers | None = None,
) -> dict[str, np.ndarray]:
    """How far the distributions of a layer's inputs move in one step, averaged over the inputs.

    The Wasserstein-1 distance between the values on the probe before and after, in the unit of the
    values, and in standard deviations of the values before.

    Parameters
    ----------
    before, after : Model
        Before and after a training step. The pass of the probe through `after` starts from the
        state that the pass through `before` leaves, so that a layer that draws something new at
        every pass does so here.
    probe : ndarray, shape (1, sample, feature) or (run, sample, feature)
        Samples that stay the same; batch norm takes its statistics over them.
    layers : tuple of int
        Indices in the network, not 0: the inputs of the first layer are the data.
    buffers : Buffers, optional

    Returns
    -------
    dict of name to ndarray, shape (layer, run)
        "travelled" and "spreads"; the second is inf or nan for a run in which an input does not
        vary.
    """
    buffers, network, state = buffers or Buffers(), before.network, before.state
    inputs = []
    for params in (before.params, after.params):
        _, saved, state = network.forward(params, state, probe, True, buffers)
        inputs.append([ordered(saved[layer]["x"]).astype(np.float64) for layer in layers])
    found: dict[str, list[np.ndarray]] = {"travelled": [], "spreads": []}
    for old, new in zip(*inputs, strict=True):
        distance = wasserstein(old, new)
        with np.errstate(divide="ignore", invalid="ignore"):
            found["spreads"].append((distance / old.std(axis=2)).mean(axis=1))
        found["travelled"].append(distance.mean(axis=1))
    return {name: np.array(values) for name, values in found.items()}


def _length(gradient: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(gradient).sum(axis=(1, 2)))
