"""The surface of a unit is that of the engine's network, and its minima are SciPy's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize

from experiments.data.samples import Samples
from experiments.engine.activations import Sigmoid, Tanh
from experiments.engine.layer import Layer
from experiments.engine.network import Network
from experiments.measures.surface import Surface, minimum, surfaces
from experiments.training import Model, backpropagate, mlp

Engine = Callable[[int, float, float], tuple[float, np.ndarray]]
GAMMA, BETA = np.array([0.3, -1.2, 2.0]), np.array([0.1, 0.7, -3.0])
UPPER = -3  # the last hidden layer's Affine


@pytest.fixture(params=[Sigmoid(), Tanh()], ids=["sigmoid", "tanh"])
def unit(request: pytest.FixtureRequest) -> tuple[Surface, Engine]:
    """Surfaces in a network of random γ and β, and loss and gradient as the engine has them."""
    rng = np.random.default_rng(3)
    model = random_model(mlp((5, 4), "batch norm", request.param, classes=3), rng)
    samples = Samples(rng.standard_normal((40, 6)), rng.integers(0, 3, 40))

    def engine(which: int, gamma: float, beta: float) -> tuple[float, np.ndarray]:
        here = model.copy()
        here.params[UPPER]["gamma"][1, which] = gamma
        here.params[UPPER]["beta"][1, which] = beta
        found = backpropagate(here, samples.x[None], samples.labels[None])
        grads = found.grads[UPPER]
        return found.loss[1], np.array([grads[name][1, which] for name in ("gamma", "beta")])

    return surfaces(model, samples, units=3)[1], engine


def random_model(network: Network, rng: np.random.Generator) -> Model:
    """Two runs with weights, γ and β of their own."""
    params, state = network.init([rng, rng], 6)
    for layer in params:
        for name in ("gamma", "beta"):
            if name in layer:
                layer[name] = 1 + rng.standard_normal(layer[name].shape)
    return Model(network, params, state)


def test_loss_and_gradient_are_the_engines(unit: tuple[Surface, Engine]) -> None:
    surface, engine = unit
    loss, gradient, _ = surface.derivatives(GAMMA, BETA)
    for k in range(3):
        expected, slope = engine(k, GAMMA[k], BETA[k])
        one = surface.part(k).loss(GAMMA[k : k + 1], BETA[k : k + 1])
        assert loss[k] == pytest.approx(expected, rel=1e-12)
        assert one == pytest.approx(expected, rel=1e-12)
        assert gradient[k] == pytest.approx(slope, rel=1e-9, abs=1e-14)


def test_the_hessian_is_the_slope_of_the_gradient(unit: tuple[Surface, Engine]) -> None:
    surface, h = unit[0], 1e-5
    hessian, slopes = surface.derivatives(GAMMA, BETA)[2], []
    for d_gamma, d_beta in ((h, 0), (0, h)):
        up = surface.derivatives(GAMMA + d_gamma, BETA + d_beta)[1]
        down = surface.derivatives(GAMMA - d_gamma, BETA - d_beta)[1]
        slopes.append((up - down) / (2 * h))
    assert hessian == pytest.approx(np.stack(slopes, axis=2), abs=1e-9)


def test_a_minimum_is_lower_than_its_surroundings(unit: tuple[Surface, Engine]) -> None:
    surface, _ = unit
    at, found = minimum(surface, np.tile([1.0, 0.0], (3, 1)))
    lowest = surface.loss(*at.T)
    for angle in np.linspace(0, 2 * np.pi, 12):
        around = surface.loss(*(at + 1e-2 * np.array([np.cos(angle), np.sin(angle)])).T)
        assert (around[found] > lowest[found]).all()
    assert found.any()


def test_a_minimum_is_scipys(unit: tuple[Surface, Engine]) -> None:
    surface, start = unit[0], np.array([1.0, 0.0])
    at, found = minimum(surface, np.tile(start, (3, 1)))
    for k in np.flatnonzero(found):
        one = surface.part(k)

        def derivative(order: int, point: np.ndarray, one: Surface = one) -> np.ndarray:
            return one.derivatives(point[:1], point[1:])[order][0]

        expected = minimize(
            lambda p: derivative(0, p),
            start,
            jac=lambda p: derivative(1, p),
            hess=lambda p: derivative(2, p),
            method="trust-exact",
            options={"gtol": 1e-10, "initial_trust_radius": 0.5},
        )
        assert at[k] == pytest.approx(expected.x, abs=1e-5)


def test_a_quadratic_has_no_misfit_nearby_and_a_cubic_part_shows_further_out(
    unit: tuple[Surface, Engine],
) -> None:
    """The third order of the loss over its second grows in proportion to the distance."""
    surface, _ = unit
    at, found = minimum(surface, np.tile([1.0, 0.0], (3, 1)))
    near, far = (surface.misfit(at, radius, 8)[found] for radius in (1e-3, 1e-2))
    assert (near < 0.01).all()
    assert far / near == pytest.approx(10, rel=0.05)


def test_another_activation_is_refused() -> None:
    class Other(Sigmoid):
        """Not a known activation."""

    layer: Layer = Other()
    model = random_model(mlp((5, 4), "batch norm", layer, classes=3), np.random.default_rng(0))
    with pytest.raises(KeyError):
        surfaces(model, Samples(np.ones((4, 6)), np.zeros(4, int)), 1)
