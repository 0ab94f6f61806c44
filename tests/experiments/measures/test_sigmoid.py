"""Saturation and gain of a sigmoid: what is measured on normal samples is what the formulas say."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures import sigmoid

STARTS = [(0.1, 0.0), (1.0, 0.0), (1.0, 2.0), (3.0, -2.0), (10.0, 0.0), (10.0, 4.0)]


@pytest.mark.parametrize(("gamma", "beta"), STARTS)
def test_measured_on_a_normal_distribution_they_are_the_theory(gamma: float, beta: float) -> None:
    xhat = np.random.default_rng(1).standard_normal((1, 200_000, 1))
    y, gammas = gamma * xhat + beta, np.full((1, 1), gamma)
    assert sigmoid.saturated_share(y)[0] == pytest.approx(
        sigmoid.saturated_share_gaussian(gamma, beta), abs=0.004
    )
    assert sigmoid.gain(y, gammas)[0] == pytest.approx(
        float(sigmoid.gain_gaussian(gamma, beta)), rel=0.01
    )


def test_saturated_means_within_a_twentieth_of_an_end() -> None:
    y = np.log([[[0.049 / 0.951], [0.051 / 0.949], [0.5 / 0.5], [0.949 / 0.051], [0.951 / 0.049]]])
    assert sigmoid.saturated_share(y)[0] == pytest.approx(2 / 5)


def test_slope_is_the_derivative_and_survives_large_inputs() -> None:
    y, h = np.array([-3.0, -0.5, 0.0, 2.0]), 1e-5
    numeric = (1 / (1 + np.exp(-(y + h))) - 1 / (1 + np.exp(-(y - h)))) / (2 * h)
    np.testing.assert_allclose(sigmoid.slope(y), numeric, rtol=1e-8)
    assert sigmoid.slope(np.array([0.0, 1e4])).tolist() == [0.25, 0.0]


def test_gain_has_its_two_limits() -> None:
    assert float(sigmoid.gain_gaussian(0.001, 2.0)) == pytest.approx(
        0.001 * float(sigmoid.slope(np.array(2.0))), rel=1e-4
    )
    assert float(sigmoid.gain_gaussian(100.0, 0.0)) == pytest.approx(
        np.sqrt(100 / (6 * np.sqrt(2 * np.pi))), rel=1e-3
    )
    gammas = np.geomspace(0.01, 50, 40)
    assert (np.diff(sigmoid.gain_gaussian(gammas, 0.0)) > 0).all()


def test_runs_are_kept_apart() -> None:
    y = np.stack([np.zeros((4, 2)), np.full((4, 2), 10.0)])
    assert sigmoid.saturated_share(y).tolist() == [0.0, 1.0]
    assert sigmoid.gain(y, np.ones((2, 2)))[0] == 0.25


def test_saturation_is_a_twentieth_of_the_range() -> None:
    y = np.array([-4.0, -2.9, -1.5, 0.0, 1.4, 1.5, 3.0, 5.0])[None, :, None]
    output = 1 / (1 + np.exp(-y))
    assert sigmoid.saturated_share(y) == np.mean((output < 0.05) | (output > 0.95))
    assert sigmoid.saturated_share_tanh(y) == np.mean(np.abs(np.tanh(y)) > 0.9)
