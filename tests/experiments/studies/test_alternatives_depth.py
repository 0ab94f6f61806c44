"""Two known limits: products of Gaussian matrices, and renormalization that is constant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.engine.network import Network
from experiments.engine.renormalize import Renormalize
from experiments.runs import Runs, normal
from experiments.studies import alternatives_depth as study
from experiments.training import start


def test_growth_without_normalization_is_that_of_gaussian_products() -> None:
    """He's weights keep the expected square through a ReLU layer; the log of a product lies a
    little below."""
    points = study.points(replace(study.QUICK, runs=8, width=64, depth=8))
    assert 0.9 < points["none"]()["growth"].mean() < 1.1


def test_up_to_date_statistics_are_those_of_the_batch() -> None:
    runs = Runs(0, 2)
    x = 3 + 2 * normal(runs.noise(), 16, 5).astype(np.float32)
    model = study.up_to_date(start(Network((Renormalize(3.0, 5.0),)), runs, features=5), x)
    np.testing.assert_allclose(model.outputs(x, True), model.outputs(x, False), atol=1e-5)
    np.testing.assert_allclose(model.outputs(x, True).std(axis=1), 1, rtol=1e-3)
