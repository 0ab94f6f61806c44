"""Every algorithm finds a variance."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies.variance_algorithms import ALGORITHMS


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_finds_a_variance(name: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 64, 3)).astype(np.float32)
    assert ALGORITHMS[name](x) == pytest.approx(x.astype(float).var(axis=1), rel=1e-5)
