"""Growth is that of the singular values."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.runs import Runs
from experiments.studies import direction_growth as study


def test_growth_is_that_of_the_singular_values() -> None:
    """Σ over directions of ln R_ii is ln |det| of the product, and the first is ln ‖W … W e‖, both
    without any QR."""
    setup = dataclasses.replace(study.QUICK, layers=4, runs=2)
    found = study.points(setup)["products"]()["growth"].values * setup.layers
    for growth, rng in zip(found, Runs((setup.seed, 0), 2).streams(), strict=True):
        product = np.eye(setup.width)
        for _ in range(setup.layers):
            product = rng.standard_normal(product.shape) / np.sqrt(setup.width) @ product
        assert growth.sum() == pytest.approx(np.linalg.slogdet(product)[1])
        assert growth[0] == pytest.approx(np.log(np.linalg.norm(product[:, 0])))
