"""The surface of a unit is that of the engine's network; the bowl's claims can be broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.engine.affine import Affine
from experiments.engine.loss import softmax_cross_entropy
from experiments.studies import bowl
from tests import quick


@pytest.fixture(params=list(bowl.ACTIVATIONS))
def unit(request: pytest.FixtureRequest):
    """A network with random γ and β, its surface, and the loss as the engine has it when one unit's γ and β are set."""
    rng = np.random.default_rng(3)
    net = bowl.network(request.param, replace(bowl.QUICK, hidden=(5, 4)), classes=3)
    params, state = net.init([rng, rng], 6, np.float64)
    for layer in params:
        if "gamma" in layer:
            layer["gamma"], layer["beta"] = (
                1 + rng.standard_normal(layer["gamma"].shape) for _ in range(2)
            )
    x, labels = rng.standard_normal((40, 6)), rng.integers(0, 3, 40)

    def engine(which: int, gamma: float, beta: float) -> tuple[float, np.ndarray]:
        here = [dict(layer) for layer in params]
        here[bowl.UPPER] = {name: p.copy() for name, p in params[bowl.UPPER].items()}
        here[bowl.UPPER]["gamma"][1, which], here[bowl.UPPER]["beta"][1, which] = gamma, beta
        logits, saved, _ = net.forward(here, state, x[None], training=True)
        loss, dlogits = softmax_cross_entropy(logits, labels[None])
        grads = net.backward(here, saved, dlogits)[1][bowl.UPPER]
        return loss[1], np.array([grads["gamma"][1, which], grads["beta"][1, which]])

    return bowl.surface_of(net, request.param, params, state, x, labels, 1, 3), engine


def test_loss_and_gradient_are_the_engines(unit) -> None:
    surface, engine = unit
    gamma, beta = np.array([0.3, -1.2, 2.0]), np.array([0.1, 0.7, -3.0])
    loss, gradient, _ = surface.derivatives(gamma, beta)
    for k in range(3):
        expected, slope = engine(k, gamma[k], beta[k])
        assert loss[k] == pytest.approx(expected, rel=1e-12)
        assert surface.part(k).loss(gamma[k : k + 1], beta[k : k + 1]) == pytest.approx(
            expected, rel=1e-12
        )
        assert gradient[k] == pytest.approx(slope, rel=1e-9, abs=1e-14)


def test_the_hessian_is_the_slope_of_the_gradient(unit) -> None:
    surface, _ = unit
    gamma, beta, h = np.array([0.3, -1.2, 2.0]), np.array([0.1, 0.7, -3.0]), 1e-5
    hessian = surface.derivatives(gamma, beta)[2]
    by_gamma = (
        surface.derivatives(gamma + h, beta)[1] - surface.derivatives(gamma - h, beta)[1]
    ) / (2 * h)
    by_beta = (
        surface.derivatives(gamma, beta + h)[1] - surface.derivatives(gamma, beta - h)[1]
    ) / (2 * h)
    assert hessian == pytest.approx(np.stack([by_gamma, by_beta], axis=2), abs=1e-9)


def test_a_minimum_is_lower_than_its_surroundings(unit) -> None:
    surface, _ = unit
    at, found = bowl.minimum(surface, np.tile([1.0, 0.0], (3, 1)))
    lowest = surface.loss(*at.T)
    for angle in np.linspace(0, 2 * np.pi, 12):
        around = surface.loss(*(at + 1e-2 * np.array([np.cos(angle), np.sin(angle)])).T)
        assert (around[found] > lowest[found]).all()
    assert found.any()


def test_without_normalization_the_bowl_is_not_the_pictures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """γ's gradient at half its size: the contraction and the roundness are gone."""
    backward = Affine.backward

    def broken(self, params, saved, dy, buffers=None):
        dx, grads = backward(self, params, saved, dy, buffers)
        return dx, grads | {"gamma": grads["gamma"] / 2}

    monkeypatch.setattr(Affine, "backward", broken)
    results = bowl.run(bowl.points(bowl.QUICK)["bowl"])
    for name in ("bowl-contraction", "linear-bowl-is-round"):
        claim = next(claim for claim in bowl.CLAIMS if claim.id == name)
        assert not any(case.holds(case.measure(results)) for case in claim.cases)


def test_the_drawn_surface_is_the_units() -> None:
    """The loss on the grid, nearest to the minimum, is the lowest of the grid or nearly so."""
    results = quick.results("bowl")
    loss = results["surface_loss"].values
    assert np.isfinite(loss).all() and (np.ptp(loss, axis=(1, 2)) > 0).all()
