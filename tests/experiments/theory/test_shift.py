"""Every closed form against a computation that does not use it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.theory import shift as theory


@pytest.mark.parametrize("eps", [0.0, 1e-5, 0.3])
def test_affine_shift_is_what_samples_do(eps: float) -> None:
    rng = np.random.default_rng(3)
    gamma, beta = rng.normal(size=(2, 5)), rng.normal(size=(2, 5))
    z = rng.normal(size=(2, 40, 5)) * np.array([0.2, 1.5])[:, None, None] + 3.0
    var = ((z - z.mean(axis=1, keepdims=True)) ** 2).mean(axis=1)
    y = (
        gamma[:, None] * (z - z.mean(axis=1, keepdims=True)) / np.sqrt(var + eps)[:, None]
        + beta[:, None]
    )
    mean, std = theory.affine_shift(tuple(gamma), tuple(beta), tuple(var), eps)
    assert (gamma < 0).any()
    np.testing.assert_allclose(mean, np.abs(y[1].mean(axis=0) - y[0].mean(axis=0)), atol=1e-14)
    np.testing.assert_allclose(std, np.abs(y[1].std(axis=0) - y[0].std(axis=0)), atol=1e-14)
