"""Batch norm folded into the layer in front of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.ghost import Ghost
from experiments.engine.inputs import checked_floating
from experiments.engine.layer import Arrays, Layer
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.renormalize import Renormalize
from experiments.engine.standardize import Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups

# linear layers with a bias, and the axis of their weights that counts what comes out
FOLDABLE = {Dense: -1, Convolution: 1}
# what divides by running statistics in evaluation
BATCH_NORMS = (Standardize, Ghost, Renormalize)


@np.errstate(over="ignore", invalid="ignore")  # what is too large for the precision becomes inf
def fold(
    network: Network, params: list[Arrays], state: list[Arrays]
) -> tuple[Network, list[Arrays]]:
    """Merge every Standardize, and an Affine behind it, into the layer in front, for evaluation.

    With s = γ/√(running_var + ε), W′ = W s and b′ = (b − running_mean) s + β; without an Affine
    γ = 1 and β = 0. `Ghost` and `Renormalize` are a Standardize in evaluation.

    Parameters
    ----------
    network, params, state
        A network as it is evaluated. They are left as they are.

    Returns
    -------
    network : Network
        The same function in evaluation, but for round-off, without batch norm and without state.
    params : list of dict
        Each layer's in the precision of its own weights. They are computed in float64 and rounded
        once.

    Raises
    ------
    ValueError
        If a layer takes statistics of each sample, for which no fixed W′ exists, or a Standardize
        does not follow a foldable layer at once, or is inside of a layer that holds layers.
    TypeError
        If parameters are not float16, float32 or float64: they would be cut down to whole numbers.
    """
    for path, p in leaves(params):
        checked_floating(f"{path[-1]} of layer {path[0]}", p)
    layers, folded, given = [], [], []
    for i, layer in enumerate(network.layers):
        if isinstance(state[i], list):
            raise ValueError(
                f"layer {i} ({type(layer).__name__}) has layers of its own: "
                "fold the network of its layers by itself"
            )
        if isinstance(layer, (StandardizeFeatures, StandardizeGroups)):
            raise ValueError(
                f"layer {i} ({type(layer).__name__}) takes statistics of each sample: "
                "only those of Standardize are fixed in evaluation, and can be folded"
            )
        if isinstance(layer, BATCH_NORMS):
            _check_place(network, i)
            _check_widths(i, layer, state[i], layers[-1], folded[-1])
            scale = 1 / np.sqrt(state[i]["running_var"].astype(float) + layer.convention.eps)
            layers[-1], folded[-1] = _merge(
                layers[-1], folded[-1], scale, -state[i]["running_mean"] * scale
            )
        elif isinstance(layer, Affine) and i and isinstance(network.layers[i - 1], BATCH_NORMS):
            _check_widths(i, layer, params[i], layers[-1], folded[-1])
            layers[-1], folded[-1] = _merge(
                layers[-1], folded[-1], params[i]["gamma"].astype(float), params[i]["beta"]
            )
        else:
            layers.append(layer)
            folded.append({name: np.array(p, float) for name, p in params[i].items()})
            given.append(params[i])
    return Network(tuple(layers)), [_rounded(*layer) for layer in zip(folded, given, strict=True)]


def _rounded(params: Arrays, given: Arrays) -> Arrays:
    """Weights and biases in the precision of the weights, what else there is in its own."""
    weight = given.get("weight")
    return {
        name: p.astype((given[name] if weight is None else weight).dtype, order="C")
        for name, p in params.items()
    }


def _check_place(network: Network, i: int) -> None:
    before = network.layers[i - 1] if i else None
    if type(before) not in FOLDABLE:
        found = f"follows {type(before).__name__}" if i else "is the first layer"
        raise ValueError(
            f"layer {i} ({type(network.layers[i]).__name__}) {found}: it can be folded only into "
            f"a layer right in front of it, one of {', '.join(k.__name__ for k in FOLDABLE)}"
        )


def _check_widths(
    i: int, layer: Layer, arrays: Arrays, linear: Dense | Convolution, linear_params: Arrays
) -> None:
    weight = linear_params["weight"]
    width = (weight.shape[0], weight.shape[FOLDABLE[type(linear)]])
    for name, a in arrays.items():
        if a.shape != width:
            raise ValueError(
                f"layer {i} ({type(layer).__name__}): {name} has shape {a.shape}, but what is in "
                f"front of it puts out (run, feature) = {width}"
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
