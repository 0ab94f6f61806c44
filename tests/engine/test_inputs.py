"""No layer computes quietly from what it is not made for."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from experiments import engine
from experiments.engine.activations import ReLU, Sigmoid, Tanh
from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.dropout import Dropout
from experiments.engine.flatten import Flatten
from experiments.engine.ghost import Ghost
from experiments.engine.layer import Layer
from experiments.engine.network import Network
from experiments.engine.noise import Noise
from experiments.engine.renormalize import Renormalize
from experiments.engine.residual import Residual
from experiments.engine.root_mean_square import RootMeanSquare
from experiments.engine.standardize import Convention, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.engine.synchronized import synchronized_forward
from experiments.engine.unit_weights import UnitWeights

LAYERS: tuple[Layer, ...] = (
    Affine(),
    Convolution(3),
    Dense(4),
    Dropout(0.5),
    Flatten(6),
    Ghost(2),
    Noise(1.0),
    ReLU(),
    Renormalize(2, 1),
    Residual((Affine(),)),
    RootMeanSquare(),
    Sigmoid(),
    Standardize(),
    StandardizeFeatures(),
    StandardizeGroups(2),
    Tanh(),
    UnitWeights(Dense(4, bias=False)),
)
EVERY_LAYER = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
WITH_ARRAYS = [
    layer for layer in LAYERS if any(layer.init([np.random.default_rng(0)], 4, np.dtype(float))[:2])
]
EVERY_LAYER_WITH_ARRAYS = pytest.mark.parametrize(
    "layer", WITH_ARRAYS, ids=lambda layer: type(layer).__name__
)


def ready(layer: Layer, dtype: Any = np.float64) -> tuple[Any, Any, np.ndarray]:
    """Parameters, state and an input that the layer takes: two runs of four features."""
    params, state, _ = layer.init([np.random.default_rng(s) for s in (0, 1)], 4, np.dtype(dtype))
    shape = (2, 6, 4, 2, 3) if isinstance(layer, Convolution | Flatten) else (2, 6, 4)
    return params, state, np.random.default_rng(2).standard_normal(shape).astype(dtype)


def test_every_layer_is_here():
    modules = [
        importlib.import_module(m.name)
        for m in pkgutil.iter_modules(engine.__path__, "experiments.engine.")
    ]
    kinds = {
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and {"init", "forward", "backward"} <= vars(kind).keys()
    }
    assert kinds == {type(layer) for layer in LAYERS} | {Network, Layer}


@EVERY_LAYER
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "bool", "complex128"])
@pytest.mark.parametrize("training", [True, False])
def test_only_floats_enter(layer, dtype, training):
    params, state, x = ready(layer)
    with pytest.raises(TypeError, match=f"the input is {dtype}; it must be float16"):
        layer.forward(params, state, (10 * x).astype(dtype), training)


@EVERY_LAYER
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("training", [True, False])
def test_what_enters_as_a_float_leaves_as_one(layer, dtype, training):
    params, state, x = ready(layer, dtype)
    y, saved, _ = layer.forward(params, state, x, training)
    dx, _ = layer.backward(params, saved, np.ones_like(y))
    assert y.dtype == dx.dtype == dtype


@EVERY_LAYER
@pytest.mark.parametrize("training", [True, False])
def test_an_empty_batch_is_refused(layer, training):
    params, state, x = ready(layer)
    with pytest.raises(ValueError, match="an empty batch"):
        layer.forward(params, state, x[:, :0], training)


@EVERY_LAYER
@pytest.mark.parametrize("training", [True, False])
def test_so_is_another_number_of_axes(layer, training):
    params, state, x = ready(layer)
    for wrong in (x[0, 0], x[0], x[..., None], np.ones(())):
        if wrong.ndim != 3 or isinstance(layer, Convolution | Flatten):
            with pytest.raises(ValueError, match=r"it must be \(run, sample"):
                layer.forward(params, state, wrong, training)


@EVERY_LAYER_WITH_ARRAYS
@pytest.mark.parametrize("training", [True, False])
def test_so_are_more_features_or_runs_than_there_are_parameters_for(layer, training):
    params, state, x = ready(layer)
    if not isinstance(layer, Dropout | Noise):  # which take any number of features
        with pytest.raises(ValueError, match="for an input of shape"):
            layer.forward(params, state, np.concatenate([x, x], axis=2), training)
    with pytest.raises(ValueError, match="for an input of shape"):
        layer.forward(params, state, np.concatenate([x, x]), training)


@pytest.mark.parametrize(
    "layer",
    [Affine(), Convolution(3), Dense(4), Residual((Affine(),)), Standardize(), Ghost(2)],
    ids=lambda layer: type(layer).__name__,
)
@pytest.mark.parametrize("training", [True, False])
def test_so_is_one_number_where_there_must_be_one_a_feature(layer, training):
    """NumPy would use it for every feature."""
    params, state, x = ready(layer)
    for arrays in (*params, *state) if isinstance(params, list) else (params, state):
        for name, whole in arrays.items():
            arrays[name] = whole[..., :1]
            with pytest.raises(ValueError, match=f"{name} has shape"):
                layer.forward(params, state, x, training)
            arrays[name] = whole


@EVERY_LAYER_WITH_ARRAYS
@pytest.mark.parametrize("training", [True, False])
def test_precisions_do_not_mix(layer, training):
    params, state, x = ready(layer, np.float32)
    if not isinstance(layer, Dropout | Noise):  # whose state is no matter of precision
        with pytest.raises(TypeError, match=r"the input is float64 but .* is float32"):
            layer.forward(params, state, x.astype(np.float64), training)


@pytest.mark.parametrize("layer", [Standardize(), Ghost(2), Renormalize(2, 1)])
@pytest.mark.parametrize("training", [True, False])
def test_statistics_of_half_precision_are_single(layer, training):
    params, state, x = ready(layer, np.float16)
    half = {name: a.astype(np.float16) for name, a in state.items()}
    with pytest.raises(TypeError, match="running_mean is float16, and must be float32"):
        layer.forward(params, half, x, training)


@EVERY_LAYER
@pytest.mark.parametrize("dtype", ["int64", "bool", "float32"])
def test_a_gradient_comes_back_as_what_went_in(layer, dtype):
    params, state, x = ready(layer)
    y, saved, _ = layer.forward(params, state, x, True)
    with pytest.raises(TypeError, match=f"∂L/∂y is {dtype} but the input was float64"):
        layer.backward(params, saved, np.ones(y.shape, dtype))


def test_whole_numbers_as_floats():
    """The numbers of the refused [[[0], [64], [128], [255]]] in uint8, which gave 255, 0, 0, 1."""
    x = np.array([0, 64, 128, 255], np.uint8).reshape(1, 4, 1).astype(np.float64)
    _, state, _ = Standardize().init([None], 1, x.dtype)
    y, _, _ = Standardize().forward({}, state, x, training=True)
    assert_allclose(y.ravel(), [-1.185, -0.506, 0.172, 1.519], atol=5e-4)


def test_one_value_is_refused_by_all_that_take_batch_statistics():
    one = np.ones((1, 1, 1))
    for layer in (Standardize(), Ghost(1), Renormalize(1, 0)):
        _, state, _ = layer.init([None], 1, one.dtype)
        with pytest.raises(ValueError, match="batch of 1 sample has no variance"):
            layer.forward({}, state, one, training=True)
    with pytest.raises(ValueError, match="batch of 1 sample has no variance"):
        synchronized_forward([one], 1e-5)


@EVERY_LAYER
@pytest.mark.parametrize("training", [True, False])
def test_a_gradient_of_fewer_samples_is_refused_where_it_would_be_broadcast(layer, training):
    params, state, x = ready(layer)
    y, saved, _ = layer.forward(params, state, x, training)
    if not isinstance(layer, Convolution | Flatten | Dense | UnitWeights):
        with pytest.raises(ValueError, match=r"∂L/∂y has shape \(2, 1, 4\), but the output had"):
            layer.backward(params, saved, np.ones_like(y)[:, :1])


@pytest.mark.parametrize("eps", [-1e-5, np.nan])
def test_no_epsilon_is_negative(eps):
    with pytest.raises(ValueError, match="cannot be negative"):
        Convention(eps, 0.1, True)
