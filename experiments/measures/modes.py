"""A trained network as a classifier, in evaluation mode and in training mode.

In training mode a prediction depends on the other samples of its batch, so the batches are part of
what is measured.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.network import Network
from experiments.engine.train import Moment


def output_gap(moment: Moment) -> np.ndarray:
    """How far outputs for the next batch are apart in the two modes, relative to those in training
    mode: √(Σ(y_eval − y_train)²/Σ y_train²), (run,); ∞ where they are not finite."""
    apart = moment.outputs(moment.x) - moment.logits
    difference, size = (np.square(a).mean(axis=(1, 2)) for a in (apart, moment.logits))
    found = np.sqrt(difference / size)
    return np.where(np.isfinite(found), found, np.inf)


def predictions(
    network: Network,
    params: list[Arrays],
    state: list[Arrays],
    x: np.ndarray,
    training: bool = False,
) -> np.ndarray:
    """The class with the largest output: (run or 1, sample, feature) → (run, sample).

    In training mode, x is one batch.
    """
    return network.forward(params, state, x, training)[0].argmax(axis=2)


def predictions_in_batches(
    network: Network,
    params: list[Arrays],
    state: list[Arrays],
    x: np.ndarray,
    order: np.ndarray,
    batch: int,
) -> np.ndarray:
    """Predictions in training mode, where a sample's batch is its neighbours in `order`.

    Parameters
    ----------
    network, params, state
        As from `Network.init`.
    x : ndarray, shape (sample, feature)
    order : ndarray of int, shape (sample,)
        Indices into x; every `batch` of them in a row form a batch. Those left over at the end form
        the last batch together with the ones before them, which are predicted anew.
    batch : int

    Returns
    -------
    ndarray of int, shape (run, sample)
        In the order of x, or, where `order` leaves samples out, −1 for those.
    """
    runs = params[0]["weight"].shape[0]
    found, buffers = np.full((runs, len(x)), -1), Buffers()
    for chosen in batches_of(order, batch):
        logits, _, _ = network.forward(params, state, x[chosen][None], True, buffers)
        found[:, chosen] = logits.argmax(axis=2)
    return found


def batches_of(order: np.ndarray, batch: int) -> Iterator[np.ndarray]:
    """Cut an order into batches of one size; the last reaches back if it would be too small."""
    for start in range(0, len(order), batch):
        yield order[max(0, min(start, len(order) - batch)) :][:batch]


def with_population_statistics(
    network: Network, params: list[Arrays], state: list[Arrays], x: np.ndarray
) -> list[Arrays]:
    """The state with the mean and variance of all of x, as one batch, for running statistics.

    The statistics of a layer are taken behind layers that are themselves normalized with theirs.
    For networks without nested layers. Wu & Johnson 2021, "precise" statistics.

    Parameters
    ----------
    network, params, state
        As from `Network.init`.
    x : ndarray, shape (run or 1, sample, feature)
    """
    _, saved, _ = network.forward(params, state, x, True)
    return [
        {"running_mean": kept["mean"], "running_var": kept["var"]}
        if "running_mean" in layer
        else layer
        for layer, kept in zip(state, saved, strict=True)
    ]
