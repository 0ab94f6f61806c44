"""The closed forms against samples and against a network of matrices."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.theory import nonlinearity as theory


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize("variance", [0.1, 1.0, 30.0])
def test_gaussian_moments_against_a_sample(activation: str, variance: float) -> None:
    z = np.random.default_rng(5).standard_normal(1_000_000) * np.sqrt(variance)
    f = np.tanh(z) if activation == "tanh" else 1 / (1 + np.exp(-z))
    slope = 1 - f**2 if activation == "tanh" else f * (1 - f)
    sampled = [np.mean(f**2), np.var(f), np.mean(slope**2)]
    assert theory.gaussian_moments(activation, variance) == pytest.approx(sampled, rel=0.01)


def test_gradients_of_a_wide_plain_network_shrink_as_predicted() -> None:
    rng, width, scale = np.random.default_rng(6), 1500, 2.0
    q = 3.0
    z, inputs = rng.standard_normal((1, width)) * np.sqrt(q), []
    weights = [rng.standard_normal((width, width)) * scale / np.sqrt(width) for _ in range(3)]
    for weight in weights:
        inputs.append(z)
        z = np.tanh(z) @ weight
    g, factors = rng.standard_normal((1, width)), []
    for z, weight in zip(inputs[::-1], weights[::-1], strict=True):
        below = (g @ weight.T) * (1 - np.tanh(z) ** 2)
        factors.append((below**2).sum() / (g**2).sum())
        g = below
    assert theory.plain_gradient_growth("tanh", scale, q, 3) == pytest.approx(
        factors[::-1], rel=0.2
    )


def test_normalized_gradients_do_not_shrink() -> None:
    for activation in ("sigmoid", "tanh"):
        assert theory.normalized_gradient_growth(activation) > 1
    z = np.random.default_rng(7).standard_normal(1_000_000)
    assert theory.normalized_gradient_growth("tanh") == pytest.approx(
        np.mean((1 - np.tanh(z) ** 2) ** 2) / np.var(np.tanh(z)), rel=0.01
    )
