"""Readings are what they are called, and with batch norm sizes of the weights start alike."""

from __future__ import annotations

import numpy as np

from experiments.runs import Runs
from experiments.studies import saturation_training as study
from experiments.training import mlp, start
from tests import quick


def test_with_batch_norm_the_size_of_the_weights_does_not_matter_at_the_start() -> None:
    results = quick.results("saturation_training").isel(step=0)
    normed = results["gradient"].sel(norm="batch norm")
    ratio = normed.isel(layer=0) / normed.isel(layer=-1)
    assert np.allclose(ratio.sel(size="usual"), ratio.sel(size="large"), rtol=0.02)
    assert results["saturated"].sel(norm="none", size="large").mean() > 0.1
    assert results["saturated"].sel(norm="none", size="usual").mean() < 0.1


def test_every_hidden_layer_is_read_where_its_activation_gets_its_input() -> None:
    for activation, function in study.ACTIVATIONS.items():
        model = start(mlp((3, 3), "batch norm", function), Runs(0, 2), features=5)
        x = np.random.default_rng(0).standard_normal((1, 20, 5)).astype(np.float32)
        for layer in (2, 6):
            model.params[layer]["gamma"][:] = 9.0  # saturates most units
        shares = np.array(study.saturated_shares(model, activation, x))
        assert shares.shape == (2, 2)
        assert (shares > 0.5).all()
