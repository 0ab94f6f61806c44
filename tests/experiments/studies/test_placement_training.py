"""A variant is read at its best rate; only a bias that batch norm would subtract is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from experiments.engine.dense import Dense
from experiments.results import combine
from experiments.studies import placement_training as study


def test_the_best_rate_is_the_one_with_the_lowest_mean() -> None:
    points = study.points(replace(study.QUICK, rates=(0.01, 0.3)))
    results = combine(
        {name: points[name]() for name in ("relu-before-affine", "relu-after-affine")}
    )
    found = study.losses("relu", "before")(results)
    every = results["loss"].sel(activation="relu", order="before", affine="with")
    assert found.mean() == pytest.approx(float(every.mean("run").min()))
    assert float(found["rate"]) == 0.3


@pytest.mark.parametrize(("order", "biased"), [("none", True), ("before", False), ("after", True)])
def test_a_dense_layer_has_a_bias_unless_batch_norm_follows_at_once(order, biased: bool) -> None:
    layers = study.network_of("relu", order, order != "none", (8, 8)).layers
    dense = [layer.bias for layer in layers if isinstance(layer, Dense)]
    assert dense == [biased, biased, True]
