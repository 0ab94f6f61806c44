"""The numbers against gradients of single samples."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.data.samples import Samples
from experiments.engine.activations import Tanh
from experiments.runs import Runs
from experiments.studies import gradient_mean_by_depth as study
from experiments.training import backpropagate, mlp, start


def test_weight_bias_is_that_of_explicit_contributions() -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 7, 3)), rng.standard_normal((2, 7, 4))
    for run in range(2):
        g = np.einsum("ni,nj->nij", x[run], dy[run]).reshape(7, -1)
        products = g @ g.T
        # Unbiased for ‖E g‖²: no sample meets itself.
        pairs = (products.sum() - np.trace(products)) / (7 * 6)
        assert study.weight_bias(x, dy)[run] == pytest.approx(pairs / (np.trace(products) / 7))


def test_weight_bias_of_contributions_that_are_all_alike_is_one() -> None:
    assert study.weight_bias(np.ones((1, 5, 3)), np.full((1, 5, 2), 0.3)) == pytest.approx([1.0])


def test_mean_over_std() -> None:
    gradient = np.array([[[3.0, 0.0], [1.0, 2.0]]])  # means 2 and 1, standard deviations 1 and 1
    assert study.mean_over_std(gradient) == pytest.approx([np.sqrt(2.5)])


def test_layers_are_read_from_the_data_to_the_output() -> None:
    """Without normalization a sample's gradient is that of a batch of its own."""
    rng, model = np.random.default_rng(1), start(mlp((3, 5), "none", Tanh()), Runs(2, 1), 4)
    samples = Samples(rng.standard_normal((6, 4)).astype(np.float32), rng.integers(10, size=6))
    bias, ratio, _ = study.biases(model, samples)
    alone = [
        backpropagate(model, samples.x[None, [i]], samples.labels[None, [i]]) for i in range(6)
    ]
    for layer, index in enumerate((0, 2)):
        g = np.stack([one.grads[index]["weight"][0].ravel() for one in alone]).astype(float)
        dy = np.stack([one.grads[index]["bias"] for one in alone], axis=1)
        products = g @ g.T
        pairs = (products.sum() - np.trace(products)) / (6 * 5)
        expected = pairs / (np.trace(products) / 6)
        assert bias[layer, 0] == pytest.approx(expected, rel=1e-4, abs=1e-6)
        assert ratio[layer] == pytest.approx(study.mean_over_std(dy), rel=1e-4)


def test_slope_of_a_line() -> None:
    values = xr.DataArray(
        [[1.0, 5.0], [3.0, 4.0], [5.0, 3.0]], {"layer": [1, 2, 3]}, ("layer", "run")
    )
    assert study.slope(values).values == pytest.approx([2.0, -1.0])
