"""What is measured of the start is what theory says."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures import sigmoid
from tests import quick


def test_the_start_is_what_theory_says() -> None:
    results = quick.results("gamma_beta_start").sel(start_beta=0.0)
    for name, tolerance in (("saturated", 0.05), ("gain", 0.1)):
        measured, theory = results[name].mean("run"), results[f"{name}_theory"]
        assert np.abs(measured - theory).max() < tolerance, name
    usual = float(results["gain_theory"].sel(start_gamma=1.0))
    assert usual == pytest.approx(float(sigmoid.gain_gaussian(1.0, 0.0)))


def test_saturation_by_gamma_lets_gradients_through_and_by_beta_does_not() -> None:
    first = quick.results("gamma_beta_start")["first_gradient"].mean("run")
    usual, by_gamma, by_beta = (
        float(first.sel(start_gamma=gamma, start_beta=beta))
        for gamma, beta in ((1.0, 0.0), (10.0, 0.0), (1.0, 4.0))
    )
    assert by_gamma > usual > 3 * by_beta


def test_normalized_values_are_normalized() -> None:
    xhat = quick.results("gamma_beta_start")["xhat"].values
    assert (np.diff(xhat) >= 0).all()
    # up to ε
    assert xhat.mean() == pytest.approx(0, abs=1e-6) and xhat.std() == pytest.approx(1, rel=0.01)
