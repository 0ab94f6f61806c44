"""Gradient descent on least squares: the study's steps are those of the engine's layers, and its claims can be broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.studies import bngd
from tests import quick


@pytest.fixture
def population() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Data with exactly the covariance of the task, its variances, solutions and starts."""
    variances, u, start = bngd.task(replace(bngd.QUICK, runs=3), 100.0)
    x = np.random.default_rng(5).standard_normal((40, variances.size))
    x = np.linalg.qr(x - x.mean(axis=0))[0] * np.sqrt(40 * variances)
    return x, variances, u, start


def test_the_task(population) -> None:
    x, variances, u, start = population
    assert np.cov(x, rowvar=False, ddof=0) == pytest.approx(np.diag(variances), abs=1e-12)
    assert (x @ u.T).std(axis=0) == pytest.approx(1) and np.linalg.norm(
        start, axis=1
    ) == pytest.approx(1)


def test_a_step_with_batch_norm_is_the_engines(population) -> None:
    x, variances, u, w = population
    net = Network(
        (
            Dense(1, bias=False),
            Standardize(convention=replace(PYTORCH, eps=0.0)),
            Affine(),
        )
    )
    params, state = net.init([np.random.default_rng(0)] * 3, features=x.shape[1], dtype=np.float64)
    params[0]["weight"], params[2]["gamma"] = w[:, :, None].copy(), np.full((3, 1), 0.8)
    y = np.matmul(x, u[:, :, None])
    gamma, rate = np.full(3, 0.8), np.array([0.1, 1.0, 30.0])
    for _ in range(20):
        output, saved, _ = net.forward(params, state, x[None], training=True)
        _, grads = net.backward(params, saved, (output - y) / x.shape[0], input_gradient=False)
        loss, w, gamma = bngd.normalized_step(w, gamma, rate, np.minimum(rate, 1), variances, u)
        assert loss == pytest.approx(0.5 * np.square(output - y).mean(axis=(1, 2)), abs=1e-12)
        params[0]["weight"] = params[0]["weight"] - rate[:, None, None] * grads[0]["weight"]
        params[2]["gamma"] = params[2]["gamma"] - np.minimum(rate, 1)[:, None] * grads[2]["gamma"]
        assert params[0]["weight"][:, :, 0] == pytest.approx(w, rel=1e-9)


def test_a_plain_step_is_the_gradient_of_the_mean_square(population) -> None:
    x, variances, u, w = population
    residual = np.matmul(x, (w - u)[:, :, None])[:, :, 0]
    loss, after = bngd.plain_step(w, np.full(3, 0.5), variances, u)
    assert loss == pytest.approx(0.5 * np.square(residual).mean(axis=1))
    assert after == pytest.approx(w - 0.5 * residual @ x / x.shape[0])


def test_the_linearization_near_a_solution(population) -> None:
    """∇_w L ≈ H*δ/c² with H* = H − gg⊤, as the page derives."""
    _, variances, u, _ = population
    c, delta = 3.0, 1e-6 * np.random.default_rng(2).standard_normal(u.shape)
    w = c * u + delta
    after = bngd.normalized_step(w, np.ones(3), np.ones(3), np.ones(3), variances, u)[1]
    g = variances * u
    expected = (variances * delta - g * (g * delta).sum(axis=1, keepdims=True)) / c**2
    assert w - after == pytest.approx(expected, rel=1e-4, abs=1e-11)


def test_the_edge_is_found() -> None:
    results = quick.results("bngd")
    claim = next(claim for claim in bngd.CLAIMS if claim.id == "descent-has-an-edge")
    assert all(case.holds(case.measure(results)) for case in claim.cases)


def test_a_gradient_without_the_second_term_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batch statistics taken for constants: w no longer only grows, and rates beyond the edge do not settle."""

    def step(w, gamma, rate, scale_rate, variances, u):
        s = np.sqrt((variances * w * w).sum(axis=-1))
        along = (w * variances * u).sum(axis=-1) / s
        return (
            0.5 * (gamma**2 - 2 * gamma * along + 1),
            w + rate[..., None] * (gamma / s)[..., None] * variances * u,
            gamma,
        )

    monkeypatch.setattr(bngd, "normalized_step", step)
    setup = replace(bngd.QUICK, steps=300)
    broken = bngd.run(bngd.Point("sweep", 100.0, setup))
    claim = next(claim for claim in bngd.CLAIMS if claim.id == "any-rate-converges")
    assert not all(case.holds(case.measure(broken)) for case in claim.cases)
