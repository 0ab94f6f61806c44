"""Closed forms of sigmoid and tanh for Gaussian inputs, and for gradients through many layers."""

from __future__ import annotations

import numpy as np


def gaussian_moments(activation: str, variance: float) -> tuple[float, float, float]:
    """E f(z)², Var f(z) and E f′(z)² for z ~ N(0, `variance`) and f = "sigmoid" or "tanh".

    By the trapezoidal rule.
    """
    u = np.linspace(-9.0, 9.0, 36_001)  # slope and density are resolved up to a variance of 1e4
    weight = np.exp(-np.square(u) / 2) / np.sqrt(2 * np.pi)
    half = np.tanh(np.sqrt(variance) * u / (2 if activation == "sigmoid" else 1))
    f, slope = {
        "sigmoid": ((1 + half) / 2, (1 - half**2) / 4),
        "tanh": (half, 1 - half**2),
    }[activation]
    first, second, squared = (float(np.trapezoid(g * weight, u)) for g in (f, f**2, slope**2))
    return second, second - first**2, squared


def plain_gradient_growth(
    activation: str, scale: float, input_square: float, layers: int
) -> np.ndarray:
    """Factors of ‖∂L/∂z‖² from layer l + 1 down to layer l = 1, ..., `layers`, unnormalized.

    Shape (layers,). For weights N(0, scale²/fan_in): `q_1 = input_square` is the mean square of z
    in layer 1, `q_{l+1} = scale² E f(z)²` and the factor is `scale² E f′(z)²`, z ~ N(0, q_l). Holds
    for wide layers; derived in docs/optimization/saturation.md.
    """
    q, factors = input_square, np.empty(layers)
    for layer in range(layers):
        square, _, slope = gaussian_moments(activation, q)
        factors[layer] = scale**2 * slope
        q = scale**2 * square
    return factors


def normalized_gradient_growth(activation: str) -> float:
    """Factor of ‖∂L/∂z‖² from a layer to the one below, with batch norm.

    `E f′(x)² / Var f(x)` with x ~ N(0, 1). At least 1, by the Poincaré inequality of the normal
    distribution, and 1 only for a straight line. The scale of the weights cancels. Holds for wide
    layers, large batches and eps = 0; derived in docs/optimization/saturation.md.
    """
    _, variance, slope = gaussian_moments(activation, 1.0)
    return slope / variance
