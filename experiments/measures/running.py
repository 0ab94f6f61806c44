"""Running statistics at several update rates: on one training run, and on one stream of batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from experiments.engine.layer import Arrays
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.train import Model, Moment
from experiments.runs import Runs, normal
from experiments.theory.inference import ema_mean
from experiments.training import seen


def at_rates(
    moments: Iterable[Moment], rates: Sequence[float]
) -> Iterator[tuple[Moment, list[list[Arrays]]]]:
    """Every moment of a training, with the state that the network would have at each update rate.

    In training mode outputs do not depend on running statistics, so one training serves all rates.
    For networks without nested layers.
    """
    conventions = [replace(PYTORCH, rate=np.float32(rate)) for rate in rates]
    states = []
    for moment in moments:
        states = states or [moment.state for _ in rates]
        yield moment, states
        # The batch of this moment counts from the next one on.
        states = [
            [
                one.next_state(layer, kept["mean"], kept["var"], moment.x.shape[1])
                if layer
                else layer
                for layer, kept in zip(state, moment.saved, strict=True)
            ]
            for one, state in zip(conventions, states, strict=True)
        ]


def running_means(batches: Iterable[np.ndarray], rates: Sequence[float]) -> Iterator[np.ndarray]:
    """Running means after each batch, (rate, run, unit), of batches (run, sample, unit)."""
    models = []
    for x in batches:
        models = [seen(one, x) for one in models or [_averaging(rate, x) for rate in rates]]
        yield np.stack([one.state[0]["running_mean"] for one in models])


def on_a_stream(
    rates: Sequence[float],
    features: int,
    batch: int,
    mean: float,
    std: float,
    steps: int,
    runs: Runs,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Running means over independent Gaussian batches, and their noise, after each batch.

    Parameters
    ----------
    rates : sequence of float
        Update rates α, which all see the same batches.
    features, batch : int
        Units, and samples in a batch.
    mean, std : float
        Of the stream.
    steps : int
        Batches.
    runs : Runs
        Independent streams.

    Yields
    ------
    running : ndarray, shape (rate, run)
        The running mean, averaged over units.
    noise : ndarray, shape (rate, run)
        Mean square distance of the running means of all units from their expectation.
    """
    rngs = runs.part(0).streams()
    batches = (mean + std * normal(rngs, batch, features) for _ in range(steps))
    for step, running in enumerate(running_means(batches, rates), 1):
        expected = np.array([ema_mean(step, rate, mean) for rate in rates])
        yield running.mean(axis=2), np.square(running - expected[:, None, None]).mean(axis=2)


def _averaging(rate: float, x: np.ndarray) -> Model:
    """A normalization at this update rate, before its first batch."""
    network = Network((Standardize(replace(PYTORCH, rate=rate)),))
    return Model(network, *network.init([None] * len(x), x.shape[2], x.dtype))
