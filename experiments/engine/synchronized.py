"""Batch norm over a batch that is spread over several devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.engine.inputs import checked, checked_gradient, checked_values
from experiments.engine.sums import (
    accumulator,
    beside,
    first_per_channel,
    mean_per_channel,
    sum_per_channel,
    values_per_channel,
)


def combine(
    means: Sequence[np.ndarray], variances: Sequence[np.ndarray], counts: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Mean, biased variance and size of a batch, given those of its shards.

    n = Σ n_k;  mean = Σ n_k mean_k/n;  var = Σ n_k (var_k + (mean_k − mean)²)/n. A large common
    offset costs the digits that rounding the means costs, not those of their squares. Chan, Golub &
    LeVeque 1982.

    Parameters
    ----------
    means, variances : sequence of arrays, all of one shape
        One of each a shard; biased variances.
    counts : sequence of int
        Samples in each shard.

    Raises
    ------
    ValueError
        If there are not as many of each, or a shard is empty.
    """
    if not len(means) == len(variances) == len(counts) or min(counts, default=0) < 1:
        raise ValueError(
            f"{len(means)} means, {len(variances)} variances and counts {list(counts)}: it takes "
            "one of each for every shard, and at least one sample in it"
        )
    n = sum(counts)
    weights = [count / n for count in counts]
    first = means[0]
    mean = first + sum(w * (m - first) for w, m in zip(weights, means, strict=True))
    var = sum(
        w * (v + np.square(m - mean)) for w, m, v in zip(weights, means, variances, strict=True)
    )
    return mean, var, n


def synchronized_forward(
    shards: Sequence[np.ndarray], eps: float
) -> tuple[list[np.ndarray], list[dict[str, Any]]]:
    """x̂ = (x − μ)/√(σ² + ε) on every device, with μ and σ² of all samples on all devices.

    Parameters
    ----------
    shards : sequence of arrays (run, sample, feature), or images
        What each device holds. Devices may hold different numbers of samples, even one. Channels of
        images have the statistics of all samples and pixels on all devices.
    eps : float
        ε.

    Returns
    -------
    outputs : list of arrays, as the shards
    saved : list of dict
        What each device keeps for `synchronized_backward`. Only its mean, variance and count have
        left a device; they are float32 for float16 data.

    Raises
    ------
    TypeError
        If a shard is not float16, float32 or float64.
    ValueError
        If a shard is empty, shards differ in more than their number of samples, or a feature has a
        single value on all devices together.
    """
    _checked_shards(shards)
    means, variances = [], []
    for x in shards:
        first = first_per_channel(x)
        shifted = np.subtract(x, first, dtype=accumulator(x.dtype))
        mean = beside(mean_per_channel(shifted), x)
        variances.append(beside(mean_per_channel(np.square(shifted - mean)), x))
        means.append(mean + first)
    mean, var, n = combine(means, variances, [values_per_channel(x) for x in shards])
    checked_values(n)
    inv_std = 1 / np.sqrt(var + eps)
    shared = {
        "mean": mean.reshape(mean.shape[0], -1),
        "var": var.reshape(var.shape[0], -1),
        "inv_std": inv_std,
        "count": n,
    }
    saved = [{"xhat": ((x - mean) * inv_std).astype(x.dtype, copy=False)} | shared for x in shards]
    return [kept["xhat"] for kept in saved], saved


def synchronized_backward(
    saved: Sequence[dict[str, Any]], dys: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """∂L/∂x = (g − Σ g/n − x̂ Σ g x̂/n)/√(σ² + ε) on every device, with g = ∂L/∂x̂.

    Both sums are over all devices, and every device contributes its part for each feature; γ's and
    β's gradients are those same two.
    """
    g_sum, gx_sum = 0, 0
    for g, kept in zip(dys, saved, strict=True):
        checked_gradient(g, kept["xhat"])
        product = np.multiply(g, kept["xhat"], dtype=accumulator(g.dtype))
        g_sum = g_sum + beside(sum_per_channel(g), g)
        gx_sum = gx_sum + beside(sum_per_channel(product), g)
    dxs = []
    for g, kept in zip(dys, saved, strict=True):
        dx = g - g_sum / kept["count"] - kept["xhat"] * (gx_sum / kept["count"])
        dxs.append((dx * kept["inv_std"]).astype(g.dtype, copy=False))
    return dxs


def _checked_shards(shards: Sequence[np.ndarray]) -> None:
    """Shards differ in their number of samples, and in nothing else."""
    if not shards:
        raise ValueError("there is no shard: a batch has at least one")
    kinds = [(x.dtype, x.shape[:1], x.shape[2:]) for x in shards]
    for x in shards:
        checked(x)
    if len(set(kinds)) > 1:
        raise ValueError(
            f"shards have shapes {[x.shape for x in shards]} and dtypes "
            f"{[str(x.dtype) for x in shards]}; only their number of samples may differ"
        )
