"""Internal covariate shift by two definitions: what a step of the layers below does to a layer.

The *distribution* definition asks how far the layer's inputs move, on samples that stay the same.
The *gradient* definition asks how far the gradient of its own parameters moves, on the batch of the
step. In both, the layers before have taken the step; in the second, the layer itself and those
after it have not: only what reaches them has changed. Santurkar et al. 2018, Definition 2.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.network import Network
from experiments.engine.parameters import mapped
from experiments.engine.sgd import SGD
from experiments.measures.distribution import ordered, wasserstein

# (output, target) → loss (run,), ∂L/∂output
Loss = Callable[[np.ndarray, Any], tuple[np.ndarray, np.ndarray]]


def stepped(params: list[Arrays], grads: list[Arrays], rate: float | np.ndarray) -> list[Arrays]:
    """Copies of the parameters after one step of plain gradient descent, p − η ∂L/∂p."""
    after, optimizer = mapped(np.copy, params), SGD(rate)
    optimizer.update(after, grads, optimizer.init(after))
    return after


def gradient_shift(
    network: Network,
    before: list[Arrays],
    after: list[Arrays],
    state: list[Arrays],
    grads: list[Arrays],
    x: np.ndarray,
    target: Any,
    loss: Loss,
    layers: tuple[int, ...],
    buffers: Buffers | None = None,
) -> dict[str, np.ndarray]:
    """Compare G = ∂L/∂W of a layer with G′, the same after only the layers before it have moved.

    They move from `before` to `after`; W is the layer's weight matrix. Returns cos(G, G′), 1 where
    nothing turned; ‖G′ − G‖, the shift as defined; and ‖G′ − G‖/‖G‖.

    Parameters
    ----------
    network : Network
    before, after : parameters
        Before and after a training step.
    state : state
        As before the step; batches are normalized with their own statistics.
    grads : gradients
        ∂L/∂params at `before`, on the batch of the step: they hold G.
    x, target : ndarray
        The batch of the step.
    loss : callable
        (output, target) → loss (run,) and ∂L/∂output.
    layers : tuple of int
        Indices of `Dense` layers in `network.layers`.
    buffers : Buffers, optional
        Not those that hold `grads`.

    Returns
    -------
    dict of name to ndarray, shape (layer, run)
        "cosine", "absolute" and "relative"; nan where a gradient vanishes or a run has diverged.
    """
    buffers = buffers or Buffers()
    moved = network.forward(after, state, x, True, buffers.part("moved"))[1]
    found: dict[str, list[np.ndarray]] = {"cosine": [], "absolute": [], "relative": []}
    for layer in layers:
        rest, kept, own = Network(network.layers[layer:]), before[layer:], buffers.part(layer)
        output, saved, _ = rest.forward(kept, state[layer:], moved[layer]["x"], True, own)
        doutput = loss(output, target)[1]
        _, changed = rest.backward(kept, saved, doutput, own, input_gradient=False)
        g, new = (d["weight"].astype(np.float64) for d in (grads[layer], changed[0]))
        with np.errstate(divide="ignore", invalid="ignore"):
            found["cosine"].append((g * new).sum(axis=(1, 2)) / (_length(g) * _length(new)))
            found["absolute"].append(_length(new - g))
            found["relative"].append(_length(new - g) / _length(g))
    return {name: np.array(values) for name, values in found.items()}


def distribution_shift(
    network: Network,
    before: list[Arrays],
    after: list[Arrays],
    state: list[Arrays],
    probe: np.ndarray,
    layers: tuple[int, ...],
    buffers: Buffers | None = None,
) -> dict[str, np.ndarray]:
    """How far the distributions of a layer's inputs move in one step, averaged over the inputs.

    The Wasserstein-1 distance between the values on the probe before and after, in the unit of the
    values, and in standard deviations of the values before.

    Parameters
    ----------
    network : Network
    before, after : parameters
        Before and after a training step.
    state : state
        State of the first pass of the probe. The second pass starts from the state that the first
        leaves, so that a layer that draws something new at every pass does so here.
    probe : ndarray, shape (1, sample, feature)
        Samples that stay the same; batch norm takes its statistics over them.
    layers : tuple of int
        Indices in `network.layers`, not 0: the inputs of the first layer are the data.
    buffers : Buffers, optional

    Returns
    -------
    dict of name to ndarray, shape (layer, run)
        "travelled" and "spreads"; the second is inf or nan for a run in which an input does not
        vary.
    """
    buffers = buffers or Buffers()

    def inputs(params: list[Arrays]) -> list[np.ndarray]:
        nonlocal state
        _, saved, state = network.forward(params, state, probe, True, buffers)
        return [ordered(saved[layer]["x"]).astype(np.float64) for layer in layers]

    found: dict[str, list[np.ndarray]] = {"travelled": [], "spreads": []}
    for old, new in zip(inputs(before), inputs(after), strict=True):
        distance = wasserstein(old, new)
        with np.errstate(divide="ignore", invalid="ignore"):
            found["spreads"].append((distance / old.std(axis=2)).mean(axis=1))
        found["travelled"].append(distance.mean(axis=1))
    return {name: np.array(values) for name, values in found.items()}


def _length(gradient: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(gradient).sum(axis=(1, 2)))
