"""Neighbours matter in training mode only, and as a closed form says."""

from __future__ import annotations

import numpy as np

from tests import quick


def test_neighbours_matter_in_training_mode_only() -> None:
    results = quick.results("neighbours")
    assert (results["network_eval_change"] == 0).all()
    assert (results["network_train_change"] > 0.05).all()


def test_an_example_follows_its_distribution() -> None:
    results = quick.results("neighbours")
    value = results["example_value"].rename(example_batch="curve_batch")
    error = value.std("run", ddof=1) / np.sqrt(value.sizes["run"])
    off = value.mean("run") - results["example_value_theory"]
    assert off.notnull().sum() == error.size
    assert (np.abs(off) < 5 * error + 0.01).all()
