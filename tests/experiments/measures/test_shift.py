"""Both shifts against what a whole network with mixed parameters gives, and where they vanish."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.engine.train import Model, Moment, backpropagate
from experiments.measures.shift import distribution_shift, gradient_shift, stepped

BLOCK = (Dense(6, bias=False), Standardize(), Affine(), Sigmoid())
NETWORK, LAYERS = Network((*BLOCK, *BLOCK, Dense(3))), (0, 4, 8)
RATE = 0.7


@pytest.fixture
def moment() -> Moment:
    rng = np.random.default_rng(3)
    model = Model(NETWORK, *NETWORK.init([np.random.default_rng(seed) for seed in range(2)], 5))
    return backpropagate(model, rng.standard_normal((2, 12, 5)), rng.integers(0, 3, (2, 12)))


def test_a_step_goes_down_the_gradient_and_leaves_the_old_parameters(moment) -> None:
    old = moment.params[0]["weight"].copy()
    after = stepped(moment, RATE).params
    gamma = moment.params[2]["gamma"] - RATE * moment.grads[2]["gamma"]
    np.testing.assert_allclose(after[2]["gamma"], gamma)
    assert np.array_equal(moment.params[0]["weight"], old)
    assert not np.array_equal(after[0]["weight"], old)


def test_gradient_shift_is_that_of_a_network_with_mixed_parameters(moment) -> None:
    after = stepped(moment, RATE)
    found = gradient_shift(moment, after, LAYERS)
    for k, layer in enumerate(LAYERS):
        mixed = Model(NETWORK, [*after.params[:layer], *moment.params[layer:]], moment.state)
        new = backpropagate(mixed, moment.x, moment.labels).grads[layer]["weight"]
        for run in range(2):
            a, b = moment.grads[layer]["weight"][run].ravel(), new[run].ravel()
            length, change = np.linalg.norm(a), np.linalg.norm(b - a)
            assert found["cosine"][k, run] == pytest.approx(a @ b / (length * np.linalg.norm(b)))
            assert found["absolute"][k, run] == pytest.approx(change, abs=1e-15)
            assert found["relative"][k, run] == pytest.approx(change / length, abs=1e-14)


def test_nothing_precedes_the_first_layer_and_nothing_moves_without_a_step(moment) -> None:
    first = gradient_shift(moment, stepped(moment, RATE), LAYERS)
    still = gradient_shift(moment, moment, LAYERS)
    for found in (first["cosine"][0], still["cosine"]):
        np.testing.assert_allclose(found, 1, atol=1e-12)
    for found in (first["absolute"][0], still["relative"]):
        np.testing.assert_allclose(found, 0, atol=1e-12)
    assert (first["relative"][1:] > 1e-3).all()


def test_distribution_shift_is_the_mean_of_scipys_distances(moment) -> None:
    after, probe = stepped(moment, RATE), moment.x[:1]
    found = distribution_shift(moment, after, probe, LAYERS[1:])
    old, new = (model.forward(probe, True)[1] for model in (moment, after))
    for k, layer in enumerate(LAYERS[1:]):
        for run in range(2):
            pairs = [(old[layer]["x"][run, :, j], new[layer]["x"][run, :, j]) for j in range(6)]
            each = np.array([wasserstein_distance(a, b) for a, b in pairs])
            spread = np.array([a.std() for a, _ in pairs])
            assert found["travelled"][k, run] == pytest.approx(each.mean())
            assert found["spreads"][k, run] == pytest.approx((each / spread).mean())
