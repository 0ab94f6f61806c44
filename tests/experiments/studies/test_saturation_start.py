"""What is called the gradient of a layer is one, and the closed form starts at the last layer."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.activations import Sigmoid
from experiments.runs import Runs
from experiments.studies import saturation_start as study
from experiments.training import backpropagate, mlp, start
from tests import quick


def test_the_gradient_of_a_layer_is_that_of_its_bias_for_one_sample() -> None:
    model = start(mlp((4, 3), "none", Sigmoid()), Runs(0, 2), features=5, dtype=np.float64)
    x, labels = np.random.default_rng(1).standard_normal((2, 1, 5)), np.array([[3], [7]])
    found = study.squared_gradients(model, x, labels)
    grads = backpropagate(model, x, labels).grads
    assert len(found) == 2
    for squares, layer in zip(found, (0, 2), strict=True):
        assert squares == pytest.approx(np.square(grads[layer]["bias"]).sum(axis=1))


def test_with_batch_norm_the_size_of_the_weights_does_not_matter() -> None:
    growth = quick.results("saturation_start")["growth"].sel(norm="batch norm")
    assert np.allclose(growth.sel(size="usual"), growth.sel(size="large"), rtol=0.02)


def test_measured_and_predicted_are_relative_to_the_last_hidden_layer() -> None:
    results = quick.results("saturation_start")
    assert (results["square"].isel(layer=-1) == 1).all()
    assert (results["predicted_square"].isel(layer=-1) == 1).all()
