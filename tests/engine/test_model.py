"""A network with its parameters and state: copies, and other precisions."""

from __future__ import annotations

import numpy as np

from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.engine.train import Model

NETWORK = Network((Dense(3), Standardize(), Affine()))


def model() -> Model:
    return Model(NETWORK, *NETWORK.init([np.random.default_rng(0)], 4))


def test_a_copy_is_changed_by_itself() -> None:
    one = model()
    other = one.copy()
    other.params[0]["weight"] += 1
    other.state[1]["running_mean"] += 1
    assert (other.params[0]["weight"] > one.params[0]["weight"]).all()
    assert (one.state[1]["running_mean"] == 0).all()


def test_another_precision_has_its_numbers_and_sums() -> None:
    one = model()
    for precision, sums in (("float64", "float64"), ("float32", "float32"), ("float16", "float32")):
        other = one.astype(precision)
        assert other.params[0]["weight"].dtype == precision
        assert other.state[1]["running_var"].dtype == sums
        assert np.allclose(other.params[0]["weight"], one.params[0]["weight"], rtol=1e-3)
        assert other.outputs(np.ones((1, 2, 4), precision)).dtype == precision
