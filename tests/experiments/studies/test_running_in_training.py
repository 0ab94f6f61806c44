"""The study keeps averages as the engine does, and its truth is the training set's."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.runs import Runs
from experiments.studies.running_in_training import followed, precise
from experiments.training import load
from tests import quick


@pytest.fixture(scope="module")
def images():
    return load("digits")


@pytest.fixture(scope="module")
def last(images):
    """The moment after seven steps, and the states of two update rates."""
    path = followed(
        images,
        "SGD",
        width=8,
        batch=60,
        rate=0.1,
        running_rates=(0.1, 0.5),
        last=7,
        runs=Runs(3, 3),
    )
    *_, (moment, states) = path
    return moment, states


def test_averages_are_the_engines(last) -> None:
    """At the rate that the network is built with, they are the state that the engine keeps."""
    moment, (same, other) = last
    for layer, kept, quicker in zip(moment.state, same, other, strict=True):
        for name in layer:
            assert kept[name] == pytest.approx(layer[name], rel=1e-5)
            assert not np.allclose(quicker[name], layer[name], rtol=0.01)


def test_the_population_is_the_training_set(last, images) -> None:
    moment, _ = last
    population, x = precise(moment, images)[1], images.train.x.astype(float)
    seen = np.stack([x @ weight.astype(float) for weight in moment.params[0]["weight"]])
    assert population["running_mean"] == pytest.approx(seen.mean(axis=1), abs=1e-4)
    assert population["running_var"] == pytest.approx(seen.var(axis=1), rel=1e-4)


def test_early_statistics_lag_and_late_ones_do_not() -> None:
    results = quick.results("running_in_training")
    lost = (results["precise_accuracy"] - results["accuracy"]).mean("run")
    assert lost.sel(step=30, rate=0.01) > 0.03 > abs(lost.sel(step=1000, rate=0.1))
