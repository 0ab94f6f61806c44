"""What depends on what, where it is known."""

from __future__ import annotations

import numpy as np

from experiments.engine.activations import ReLU
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.measures.dependence import dependence


def test_a_function_of_every_number_by_itself_depends_on_its_own_place() -> None:
    x, dy = np.abs(np.random.default_rng(0).standard_normal((2, 3, 4))) + 0.5
    for depends in dependence(Network((ReLU(),)), x, dy).values():
        assert depends[0, 0] and depends.sum() == 1


def test_batch_norm_depends_on_the_batch_in_training_alone() -> None:
    x, dy = np.random.default_rng(0).standard_normal((2, 3, 4))
    found = dependence(Network((Standardize(),)), x, dy)
    column = np.zeros((3, 4), dtype=bool)
    column[:, 0] = True
    assert np.array_equal(found["training"], column)
    assert np.array_equal(found["gradient"], column)
    assert found["evaluation"].sum() == 1
