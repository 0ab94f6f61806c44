"""Closed forms of depth: what many untrained layers do to activations and gradients."""

from __future__ import annotations

import numpy as np


def relu_correlation(c: np.ndarray) -> np.ndarray:
    """Uncentred correlation of relu(u) and relu(v) for Gaussians u, v of correlation `c`.

    `(sqrt(1 - c**2) + (pi - arccos c) c) / pi`: E[relu(u) relu(v)] over E[relu(u)²], for zero means
    and equal variances; exact for -1 <= c <= 1. Its derivative is `(pi - arccos c) / pi`, twice the
    probability that both are positive. Cho & Saul 2009, the arc-cosine kernel of order 1.
    """
    c = np.asarray(c, dtype=float)
    return (np.sqrt(1 - c**2) + (np.pi - np.arccos(c)) * c) / np.pi


def relu_gradient_growth(m: np.ndarray) -> np.ndarray:
    """Growth of ‖∂L/∂z‖² from a layer to the one below, with batch norm and ReLU at random weights.

    `(J'(c) + m - 1) / ((m - 3) (1 - J(c))) - 1 / (m - 3)` with J = `relu_correlation` and
    c = -1/(m - 1). The limit for large batches is pi / (pi - 1). Holds for `eps` = 0, layers much
    wider than the batch, from the second layer on. Yang et al. 2019; derived in
    docs/depth/gradients-explode.md.

    Raises
    ------
    ValueError
        If a batch has fewer than 4 samples: the expectation is infinite.
    """
    m = _more_than_three(m)
    c = -1 / (m - 1)
    slope = (np.pi - np.arccos(c)) / np.pi
    return (slope + m - 1) / ((m - 3) * (1 - relu_correlation(c))) - 1 / (m - 3)


def linear_gradient_growth(m: np.ndarray) -> np.ndarray:
    """Growth of ‖∂L/∂z‖² from a layer to the one below, with batch norm and no activation.

    `(m - 2) / (m - 3)`. Holds for `eps` = 0, layers much wider than the batch, from the second
    layer on. Yang et al. 2019; derived in docs/depth/gradients-explode.md.

    Raises
    ------
    ValueError
        If a batch has fewer than 4 samples: the expectation is infinite.
    """
    m = _more_than_three(m)
    return (m - 2) / (m - 3)


def _more_than_three(m: np.ndarray) -> np.ndarray:
    m = np.asarray(m, dtype=float)
    if (m <= 3).any():
        raise ValueError(f"the growth is finite for batches of 4 or more, got {m.min():g}")
    return m


def residual_variance(blocks: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Variance of a unit over the batch (divisor m - 1) after `blocks` blocks x + W relu(bn(x)).

    `1 + blocks (1 - J(c))` with J = `relu_correlation` and c = -1/(m - 1); a large batch gives
    `1 + blocks (1 - 1/pi)`. The mean square is `1 + blocks` for every m. Holds for He's
    initialization, `eps` = 0, an input of independent standard normal numbers, and layers much
    wider than the batch. After De & Smith 2020; derived in docs/depth/residual-blocks.md.
    """
    m = np.asarray(m, dtype=float)
    return 1 + np.asarray(blocks) * (1 - relu_correlation(-1 / (m - 1)))


def plain_residual_variance(blocks: int) -> np.ndarray:
    """Variance of a unit over samples after 0, 1, ..., `blocks` blocks x + W relu(x).

    `2**l (1 - rho_l)`, shape (blocks + 1,). The mean square is `2**l`, and the correlation (about
    zero) of two samples goes from `rho_0 = 0` to 1 by `rho_{l+1} = (rho_l + J(rho_l)) / 2` with
    J = `relu_correlation`. Holds for wide layers, He's initialization and an input of independent
    standard normal numbers; derived in docs/depth/residual-blocks.md.
    """
    rho = np.zeros(blocks + 1)
    for block in range(blocks):
        rho[block + 1] = (rho[block] + relu_correlation(rho[block])) / 2
    return 2.0 ** np.arange(blocks + 1) * (1 - rho)


def residual_gradient(blocks: int, m: int) -> np.ndarray:
    """‖∂L/∂x_l‖² at each depth of `blocks` blocks x + W relu(bn(x)), over that after the last.

    Shape (blocks + 1,): l = 0 is the input of the network, l > 0 the output of block l. The
    covariance of the gradient over the samples is `a I + b P` with P = I - 11ᵀ/m; a stays, and a
    block adds to `b`

        m / ((m - 3) v_l) (a (m - 2) / (m - 1) + b (m - 2 + J'(c) + J(c)) / m)

    with v_l = `residual_variance`, J = `relu_correlation` and c = -1/(m - 1). For large batches a
    block multiplies the square by `1 + 1/v_l`, so it grows like the power pi / (pi - 1) of the
    depth. Holds where `residual_variance` does, for a gradient at the top that is independent from
    sample to sample; derived in docs/depth/residual-blocks.md.

    Raises
    ------
    ValueError
        If a batch has fewer than 4 samples: the expectation is infinite.
    """
    m = float(_more_than_three(m))
    c = -1 / (m - 1)
    both = m - 2 + (np.pi - np.arccos(c)) / np.pi + relu_correlation(c)
    squares, a, b = np.empty(blocks + 1), 1.0, 0.0
    squares[blocks] = m * a
    for block in range(blocks - 1, -1, -1):
        scale = m / ((m - 3) * residual_variance(block, m))
        b += scale * (a * (m - 2) / (m - 1) + b * both / m)
        squares[block] = m * a + (m - 1) * b
    return squares / squares[-1]


def batch_norm_rank(width: float, dimensions: float) -> float:
    """Effective rank (Σλ)²/Σλ² that a deep linear network with batch norm settles at.

    `n / (1 + n**2 / (4 d))` for n <= 2 sqrt(d), and `sqrt(d)` beyond; d = `width`, n = `dimensions`
    that the activations can span, the smaller of d and the batch size minus 1. For random Gaussian
    weights and `eps` = 0. It is the first term of an expansion in the eigenvalues' shares, so its
    relative error is of the order of the largest share, `batch_norm_largest`. Derived in
    docs/depth/ranks-do-not-collapse.md.
    """
    d, n = float(width), float(dimensions)
    return n / (1 + n**2 / (4 * d)) if n <= 2 * np.sqrt(d) else np.sqrt(d)


def batch_norm_largest(width: float, dimensions: float) -> float:
    """Share of the largest eigenvalue in the same network, the right end of the semicircle.

    `1 / batch_norm_rank + 1 / sqrt(width)`.
    """
    return 1 / batch_norm_rank(width, dimensions) + 1 / np.sqrt(width)


def batch_norm_spectrum(width: float, dimensions: int, points: int = 4001) -> np.ndarray:
    """Eigenvalues' shares in the same network, in falling order, shape (dimensions,).

    The share of the sum that eigenvalues near μ hold has a semicircle as its density, with centre
    `1 / batch_norm_rank` and radius `1 / sqrt(width)`; their number is that over μ. The k-th is
    where k - 1/2 are larger; beyond 2 sqrt(width) they are zero.
    """
    centre, radius = 1 / batch_norm_rank(width, dimensions), 1 / np.sqrt(width)
    angle = (np.arange(points) + 0.5) * np.pi / points
    mu = centre + radius * np.cos(angle)
    larger = np.cumsum(2 / np.pi * np.sin(angle) ** 2 / mu) * np.pi / points
    return np.interp(np.arange(dimensions) + 0.5, larger, mu, right=0.0)


def gaussian_growth(width: int) -> np.ndarray:
    """Mean growth of ln R_ii a layer, i = 1, ..., `width`, for products of Gaussian matrices.

    `(ln(2 / d) + psi((d - i + 1) / 2)) / 2` for d = `width`, entries of variance 1/d and psi the
    digamma function: the Lyapunov exponents, the rates at which the singular values of the product
    grow. Newman 1986; derived in docs/depth/ranks-do-not-collapse.md.
    """
    from scipy.special import digamma

    i = np.arange(1, width + 1)
    return (np.log(2 / width) + digamma((width - i + 1) / 2)) / 2
