"""Batch norm folded into the layer in front of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.layer import Arrays
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups

# linear layers with a bias, and the axis of their weights that counts what comes out
FOLDABLE = {Dense: -1, Convolution: 1}


@np.errstate(over="ignore", invalid="ignore")  # what is too large for the precision becomes inf
def fold(
    network: Network, params: list[Arrays], state: list[Arrays]
) -> tuple[Network, list[Arrays]]:
    """Merge every Standardize, and an Affine behind it, into the layer in front, for evaluation.

    With s = γ/√(running_var + ε), W′ = W s and b′ = (b − running_mean) s + β; without an Affine γ = 1 and β = 0.

    Parameters
    ----------
    network, params, state
        A network as it is evaluated. They are left as they are.

    Returns
    -------
    network : Network
        The same function in evaluation, but for round-off, without batch norm and without state.
    params : list of dict
        In the precision of the ones that were given. They are computed in float64 and rounded once.

    Raises
    ------
    ValueError
        If a layer takes statistics of each sample, for which no fixed W′ exists, or a Standardize
        does not follow a foldable layer at once, or is inside of a layer that holds layers.
    """
    layers, folded = [], []
    for i, layer in enumerate(network.layers):
        if isinstance(state[i], list):
            raise ValueError(
                f"layer {i} ({type(layer).__name__}) has layers of its own: fold the network of its layers by itself"
            )
        if isinstance(layer, (StandardizeFeatures, StandardizeGroups)):
            raise ValueError(
                f"layer {i} ({type(layer).__name__}) takes statistics of each sample: "
                "only those of Standardize are fixed in evaluation, and can be folded"
            )
        if isinstance(layer, Standardize):
            _check(network, i)
            scale = 1 / np.sqrt(state[i]["running_var"].astype(float) + layer.convention.eps)
            layers[-1], folded[-1] = _merge(
                layers[-1], folded[-1], scale, -state[i]["running_mean"] * scale
            )
        elif isinstance(layer, Affine) and i and isinstance(network.layers[i - 1], Standardize):
            layers[-1], folded[-1] = _merge(
                layers[-1], folded[-1], params[i]["gamma"].astype(float), params[i]["beta"]
            )
        else:
            layers.append(layer)
            folded.append({name: np.array(p, float) for name, p in params[i].items()})
    dtype = {p.dtype for layer in params for p in layer.values()}.pop()
    return Network(tuple(layers)), [
        {name: p.astype(dtype, order="C") for name, p in layer.items()} for layer in folded
    ]


def _check(network: Network, i: int) -> None:
    before = network.layers[i - 1] if i else None
    if type(before) not in FOLDABLE:
        found = f"follows {type(before).__name__}" if i else "is the first layer"
        raise ValueError(
            f"layer {i} (Standardize) {found}: it can be folded only into a layer right in front of it, "
            f"one of {', '.join(kind.__name__ for kind in FOLDABLE)}"
        )


def _merge(
    layer: Dense | Convolution, params: Arrays, scale: np.ndarray, shift: np.ndarray
) -> tuple[Dense | Convolution, Arrays]:
    """The layer whose output is scale · output + shift, feature by feature."""
    weight = params["weight"]
    shape = [len(scale)] + [1] * (weight.ndim - 1)
    shape[FOLDABLE[type(layer)]] = -1
    return replace(layer, bias=True), {
        "weight": weight * scale.reshape(shape),
        "bias": params.get("bias", 0.0) * scale + shift,
    }
