"""Which values of an array a layer's output depends on."""

from __future__ import annotations

import numpy as np

from experiments.engine.network import Network


def dependence(network: Network, x: np.ndarray, dy: np.ndarray) -> dict[str, np.ndarray]:
    """Which inputs the first output depends on, and which ∂L/∂y the first ∂L/∂x.

    Every number is changed by itself, in a run of its own, and what changes with it is noted.

    Parameters
    ----------
    network : Network
        Layers that draw no weights and keep the shape.
    x, dy : ndarray of float64, shape (sample, …)
        Data, and ∂L/∂y of the output.

    Returns
    -------
    dict of str to ndarray of bool, each shaped as x
        "training" and "evaluation": whether the output depends on this input in that mode.
        "gradient": whether ∂L/∂x in training depends on this ∂L/∂y.
    """
    params, state = network.init([None] * (x.size + 1), x.shape[1])
    trained, _, _ = network.forward(params, state, _changed(x), True)
    evaluated, _, _ = network.forward(params, state, _changed(x), False)
    _, saved, _ = network.forward(params, state, np.repeat(x[None], x.size + 1, axis=0), True)
    gradient, _ = network.backward(params, saved, _changed(dy))
    found = {"training": trained, "evaluation": evaluated, "gradient": gradient}
    first = {name: a.reshape(len(a), -1)[:, 0] for name, a in found.items()}
    return {name: (np.abs(a[1:] - a[0]) > 1e-12).reshape(x.shape) for name, a in first.items()}


def _changed(a: np.ndarray) -> np.ndarray:
    """The array as it is, and then with one number changed, each in its turn: a run for each."""
    runs = np.repeat(a.reshape(1, -1), a.size + 1, axis=0)
    runs[np.arange(1, a.size + 1), np.arange(a.size)] += 0.1
    return runs.reshape(-1, *a.shape)
