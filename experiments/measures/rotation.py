"""Scale-invariant weights in training: how long they are, and how far a step turns them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from experiments.data.batches import batches_of_a_teacher
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.train import Model, train
from experiments.runs import Runs


def turn(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Angle in radians between vectors along axis 1: (run, input, unit) → (run, unit).

    From the chord between them at length 1, which is accurate for small angles too.
    """
    one, other = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (before, after))
    return 2 * np.arcsin(np.minimum(np.linalg.norm(other - one, axis=1) / 2, 1))


@dataclass(frozen=True)
class Path:
    """What became of every unit's weights, (step, run, unit).

    Attributes
    ----------
    squared : ndarray
        Their squared lengths before each step.
    push : ndarray
        Squared lengths of the loss's gradients there.
    turn : ndarray
        Angle of each step, in radians.
    """

    squared: np.ndarray
    push: np.ndarray
    turn: np.ndarray


def follow(
    task: tuple, runs: Runs, steps: int, rate: float, decay: float = 0.0, start: float | None = None
) -> Path:
    """Train one layer with batch norm at ε = 0 on a noisy teacher's labels, in float64.

    Parameters
    ----------
    task : (int, int, int, (float, float), float)
        Features of the data; units, which are classes; samples in a batch; γ of the first and the
        last unit, between which they rise evenly by ratio, and stay; share of random labels.
    runs : Runs
    steps : int
    rate, decay : float
        η and λ of SGD.
    start : float, optional
        Length of every unit's weights at the start; else they are as they were drawn.
    """
    features, units, samples, gammas, noise = task
    weights, data = (runs.streams(under=(i,)) for i in (0, 1))
    norm = (Standardize(replace(PYTORCH, eps=0.0)), Affine())
    network = Network((Dense(units, bias=False), *norm))
    params, state = network.init(weights, features)
    params[2]["gamma"][:] = np.geomspace(*gammas, units)
    if start is not None:
        params[0]["weight"] *= start / np.linalg.norm(params[0]["weight"], axis=1, keepdims=True)
    stream = batches_of_a_teacher(samples, features, units, noise, data)
    descent = SGD(rate, weight_decay=decay, frozen=((2, "gamma"), (2, "beta")))
    moments = train(Model(network, params, state), stream, descent, steps)
    path = ((m.params[0]["weight"].copy(), m.grads[0]["weight"].copy()) for m in moments)
    found = [
        (np.square(w).sum(axis=1), np.square(g).sum(axis=1), turn(w, after))
        for (w, g), (after, _) in pairwise(path)
    ]
    return Path(*map(np.array, zip(*found, strict=True)))
