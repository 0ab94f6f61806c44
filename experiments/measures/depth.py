"""What many untrained layers do to a batch on its way up, and to a gradient on its way down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.train import Model
from experiments.runs import Runs


def random_layers(
    conditions: Sequence[tuple[str, str, int]], width: int, layers: int, runs: Runs
) -> Iterator[list[np.ndarray]]:
    """What leaves each of many Gaussian layers under every condition, after the input itself.

    Arrays are (run, sample, unit). All conditions have the same weights, and the first samples of
    the same batch.

    Parameters
    ----------
    conditions : sequence of (activation, norm, batch size)
        The activation, "relu" or "linear", comes before the next layer, after what is given here.
        With the norm "batch norm", what leaves a layer is standardized (ε = 0). With "none" it is
        divided by its root mean square, one number for all samples and units, which changes no
        direction and keeps it in range.
    width, layers : int
    runs : Runs
    """
    streams = [Runs((runs.seed, width, run), 2).streams() for run in runs.numbers.tolist()]
    shape = max(batch for *_, batch in conditions), width
    x = np.stack([rng.standard_normal(shape, np.float32) for rng, _ in streams])
    inputs = found = [x[:, :batch] for *_, batch in conditions]
    yield found
    for _ in range(layers):
        weight = np.stack([rng.standard_normal((width, width), np.float32) for _, rng in streams])
        pairs = zip(inputs, conditions, strict=True)
        found = [_NORMS[norm](h @ weight) for h, (_, norm, _) in pairs]
        yield found
        pairs = zip(found, conditions, strict=True)
        inputs = [np.maximum(z, 0) if activation == "relu" else z for z, (activation, *_) in pairs]


def _standardized(h: np.ndarray) -> np.ndarray:
    norm = Standardize(replace(PYTORCH, eps=0.0))
    _, state, _ = norm.init([None] * len(h), h.shape[2], h.dtype)
    return norm.forward({}, state, h, training=True)[0]


def _rescaled(h: np.ndarray) -> np.ndarray:
    return h / np.sqrt(np.mean(np.square(h), axis=(1, 2), keepdims=True))


_NORMS = {"batch norm": _standardized, "none": _rescaled}


def untrained(
    networks: Sequence[Network], batches: Sequence[int], width: int, runs: Runs, first: int = 1
) -> Iterator[tuple[list[Model], list[np.ndarray]]]:
    """Networks, and for every batch size an input for the bottom and a gradient for the top.

    One run after another, as networks may be large: of the ends, shapes are (2, 1, sample, unit).
    All networks of a run draw the same weights.

    Parameters
    ----------
    networks : sequence of Network
    batches : sequence of int
        Batch sizes.
    width : int
        Features of the input and of the output.
    runs : Runs
    first : int
        The stream of the first batch size; weights are drawn from stream 0.
    """
    for run in runs.numbers.tolist():
        streams = Runs((runs.seed, run), first + len(batches)).streams
        drawn = zip(streams()[first:], batches, strict=True)
        ends = [rng.standard_normal((2, 1, m, width), np.float32) for rng, m in drawn]
        weights = [net.init(streams()[:1], width, np.float32) for net in networks]
        yield [Model(net, *of) for net, of in zip(networks, weights, strict=True)], ends


def squared_gradients(model: Model, saved: list, dy: np.ndarray) -> np.ndarray:
    """‖∂L/∂x_l‖² of what enters each layer and of what leaves the last, (layer + 1, run).

    Parameters
    ----------
    model : Model
    saved : list
        What its layers saved in the forward pass.
    dy : ndarray, shape (run, sample, ...)
        ∂L/∂y of what leaves the last layer.
    """
    squares = [_square(dy)]
    layers = zip(model.network.layers, model.params, saved, strict=True)
    for layer, params, kept in reversed(list(layers)):
        dy, _ = layer.backward(params, kept, dy)
        squares.append(_square(dy))
    return np.array(squares[::-1])


def _square(a: np.ndarray) -> np.ndarray:
    return np.square(a, dtype=np.float64).reshape(len(a), -1).sum(axis=1)
