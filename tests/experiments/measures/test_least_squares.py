"""Steps of gradient descent on least squares are those of data, and of the engine's layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.least_squares import (
    normalized_sharpness,
    normalized_step,
    plain_step,
    task,
)
from experiments.runs import Runs


@pytest.fixture
def population() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Data with exactly the covariance of a task, its variances, solutions and starts."""
    variances, u, start = task(100.0, 8, Runs(12, 3))
    x = np.random.default_rng(5).standard_normal((40, variances.size))
    x = np.linalg.qr(x - x.mean(axis=0))[0] * np.sqrt(40 * variances)
    return x, variances, u, start


def test_the_task(population) -> None:
    x, variances, u, start = population
    assert np.cov(x, rowvar=False, ddof=0) == pytest.approx(np.diag(variances), abs=1e-12)
    assert (x @ u.T).std(axis=0) == pytest.approx(1)
    assert np.linalg.norm(start, axis=1) == pytest.approx(1)


def test_a_step_with_batch_norm_is_the_engines(population) -> None:
    x, variances, u, w = population
    norm = Standardize(replace(PYTORCH, eps=0.0))
    network = Network((Dense(1, bias=False), norm, Affine()))
    params, state = network.init(Runs(0, 3).weights(), features=x.shape[1])
    params[0]["weight"], params[2]["gamma"] = w[:, :, None].copy(), np.full((3, 1), 0.8)
    y = np.matmul(x, u[:, :, None])
    gamma, rate = np.full(3, 0.8), np.array([0.1, 1.0, 30.0])
    for _ in range(20):
        output, saved, _ = network.forward(params, state, x[None], training=True)
        _, grads = network.backward(params, saved, (output - y) / x.shape[0], input_gradient=False)
        loss, w, gamma = normalized_step(w, gamma, rate, np.minimum(rate, 1), variances, u)
        assert loss == pytest.approx(0.5 * np.square(output - y).mean(axis=(1, 2)), abs=1e-12)
        params[0]["weight"] = params[0]["weight"] - rate[:, None, None] * grads[0]["weight"]
        params[2]["gamma"] = params[2]["gamma"] - np.minimum(rate, 1)[:, None] * grads[2]["gamma"]
        assert params[0]["weight"][:, :, 0] == pytest.approx(w, rel=1e-9)


def test_a_plain_step_is_the_gradient_of_the_mean_square(population) -> None:
    x, variances, u, w = population
    residual = np.matmul(x, (w - u)[:, :, None])[:, :, 0]
    loss, after = plain_step(w, np.full(3, 0.5), variances, u)
    assert loss == pytest.approx(0.5 * np.square(residual).mean(axis=1))
    assert after == pytest.approx(w - 0.5 * residual @ x / x.shape[0])


def test_the_linearization_near_a_solution(population) -> None:
    """∇_w L ≈ H*δ/c² with H* = H − gg⊤, as the page derives, and H*'s largest eigenvalue."""
    _, variances, u, _ = population
    c, delta = 3.0, 1e-6 * np.random.default_rng(2).standard_normal(u.shape)
    w = c * u + delta
    after = normalized_step(w, np.ones(3), np.ones(3), np.ones(3), variances, u)[1]
    hessians = [np.diag(variances) - np.outer(one, one) for one in variances * u]
    expected = [hessian @ d / c**2 for hessian, d in zip(hessians, delta, strict=True)]
    assert w - after == pytest.approx(np.array(expected), rel=1e-4, abs=1e-11)
    largest = [np.linalg.norm(hessian, 2) for hessian in hessians]
    assert normalized_sharpness(variances, u) == pytest.approx(largest)
