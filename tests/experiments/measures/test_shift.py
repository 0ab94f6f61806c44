"""Both shifts against what a whole network with mixed parameters gives, and where they must vanish."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.measures.shift import distribution_shift, gradient_shift, stepped

BLOCK = (Dense(6, bias=False), Standardize(), Affine(), Sigmoid())
NETWORK, LAYERS = Network((*BLOCK, *BLOCK, Dense(3))), (0, 4, 8)
RATE = 0.7


@pytest.fixture
def situation():
    rng = np.random.default_rng(3)
    params, state = NETWORK.init([np.random.default_rng(seed) for seed in range(2)], 5)
    x, labels = rng.standard_normal((2, 12, 5)), rng.integers(0, 3, (2, 12))
    return params, state, x, labels, _gradients(params, state, x, labels)


def _gradients(params, state, x, labels):
    y, saved, _ = NETWORK.forward(params, state, x, True)
    return NETWORK.backward(params, saved, softmax_cross_entropy(y, labels)[1])[1]


def test_a_step_goes_down_the_gradient_and_leaves_the_old_parameters(situation) -> None:
    params, *_, grads = situation
    old = params[0]["weight"].copy()
    after = stepped(params, grads, RATE)
    np.testing.assert_allclose(after[2]["gamma"], params[2]["gamma"] - RATE * grads[2]["gamma"])
    assert np.array_equal(params[0]["weight"], old) and not np.array_equal(after[0]["weight"], old)


def test_gradient_shift_is_that_of_a_network_with_mixed_parameters(situation) -> None:
    params, state, x, labels, grads = situation
    after = stepped(params, grads, RATE)
    found = gradient_shift(
        NETWORK, params, after, state, grads, x, labels, softmax_cross_entropy, LAYERS
    )
    for k, layer in enumerate(LAYERS):
        mixed = [after[i] if i < layer else params[i] for i in range(len(params))]
        new, g = _gradients(mixed, state, x, labels)[layer]["weight"], grads[layer]["weight"]
        for run in range(2):
            a, b = g[run].ravel(), new[run].ravel()
            assert found["cosine"][k, run] == pytest.approx(a @ b / np.sqrt(a @ a * (b @ b)))
            assert found["absolute"][k, run] == pytest.approx(np.linalg.norm(b - a), abs=1e-15)
            assert found["relative"][k, run] == pytest.approx(
                np.linalg.norm(b - a) / np.linalg.norm(a), abs=1e-14
            )


def test_nothing_precedes_the_first_layer_and_nothing_moves_without_a_step(situation) -> None:
    params, state, x, labels, grads = situation
    first = gradient_shift(
        NETWORK,
        params,
        stepped(params, grads, RATE),
        state,
        grads,
        x,
        labels,
        softmax_cross_entropy,
        LAYERS,
    )
    still = gradient_shift(
        NETWORK, params, params, state, grads, x, labels, softmax_cross_entropy, LAYERS
    )
    for found in (first["cosine"][0], still["cosine"]):
        np.testing.assert_allclose(found, 1, atol=1e-12)
    for found in (first["absolute"][0], still["relative"]):
        np.testing.assert_allclose(found, 0, atol=1e-12)
    assert (first["relative"][1:] > 1e-3).all()


def test_distribution_shift_is_the_mean_of_scipys_distances(situation) -> None:
    params, state, x, _, grads = situation
    after, probe = stepped(params, grads, RATE), x[:1]
    found = distribution_shift(NETWORK, params, after, state, probe, LAYERS[1:])
    old, new = (NETWORK.forward(p, state, probe, True)[1] for p in (params, after))
    for k, layer in enumerate(LAYERS[1:]):
        for run in range(2):
            pairs = [(old[layer]["x"][run, :, j], new[layer]["x"][run, :, j]) for j in range(6)]
            each = np.array([wasserstein_distance(a, b) for a, b in pairs])
            spread = np.array([a.std() for a, _ in pairs])
            assert found["travelled"][k, run] == pytest.approx(each.mean())
            assert found["spreads"][k, run] == pytest.approx((each / spread).mean())
