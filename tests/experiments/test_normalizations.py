"""Normalizations differ in one layer: all start from the same weights."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.normalizations import (
    KIND,
    NORMALIZATIONS,
    Normalizing,
    normalized,
    started_alike,
)
from experiments.runs import Runs
from experiments.training import start


@pytest.mark.parametrize("layer", [Dense(6, bias=False), Convolution(6, bias=False)])
def test_all_start_from_the_same_weights(layer) -> None:
    shape = (3, 4, 2, 5, 5) if isinstance(layer, Convolution) else (3, 4, 2)
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    models = {}
    for name in NORMALIZATIONS:
        network = Network(normalized(name, layer, 4, *Normalizing().details))
        models[name] = started_alike(start(network, Runs(0, 3), features=2))
    for model in models.values():
        np.testing.assert_array_equal(model.params[0]["weight"], models["none"].params[0]["weight"])
    plain, weight = (models[name].outputs(x, True) for name in ("none", "weight normalization"))
    np.testing.assert_allclose(weight, plain, rtol=1e-5, atol=1e-5)


def test_every_normalization_has_a_kind() -> None:
    assert set(KIND) == set(NORMALIZATIONS)
