"""Batch norm over a batch that is spread over several devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.engine.sums import mean_over, sum_over


def combine(
    means: Sequence[np.ndarray], variances: Sequence[np.ndarray], counts: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Mean, biased variance and size of a batch, given those of its shards.

    n = Σ n_k;  mean = Σ n_k mean_k/n;  var = Σ n_k (var_k + (mean_k − mean)²)/n. A large common offset costs the digits that rounding the
    means costs, not those of their squares. Chan, Golub & LeVeque 1982.

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
            f"{len(means)} means, {len(variances)} variances and counts {list(counts)}: it takes one of each for every "
            "shard, and at least one sample in it"
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
    """x̂ = (x − μ)/√(σ² + ε) on every device, with the mean μ and variance σ² of all samples on all devices.

    Parameters
    ----------
    shards : sequence of arrays (run, sample, feature)
        What each device holds. Devices may hold different numbers of samples, even one.
    eps : float
        ε.

    Returns
    -------
    outputs : list of arrays, as the shards
    saved : list of dict
        What each device keeps for `synchronized_backward`. Only its mean, variance and count have left a device.
    """
    means, variances = [], []
    for x in shards:
        shifted = x - x[:, :1]
        mean = mean_over(1, shifted)
        variances.append(mean_over(1, np.square(shifted - mean)))
        means.append(mean + x[:, :1])
    mean, var, n = combine(means, variances, [x.shape[1] for x in shards])
    inv_std = 1 / np.sqrt(var + eps)
    saved = [
        {
            "xhat": (x - mean) * inv_std,
            "mean": mean[:, 0],
            "var": var[:, 0],
            "inv_std": inv_std,
            "count": n,
        }
        for x in shards
    ]
    return [kept["xhat"] for kept in saved], saved


def synchronized_backward(
    saved: Sequence[dict[str, Any]], dys: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """∂L/∂x on every device: (g − Σ g/n − x̂ Σ g x̂/n)/√(σ² + ε), with both sums over all devices and g = ∂L/∂x̂.

    Every device contributes two sums for each feature; γ's and β's gradients are those same two.
    """
    g_sum = sum(sum_over(1, g) for g in dys)
    gx_sum = sum(sum_over(1, g * kept["xhat"]) for g, kept in zip(dys, saved, strict=True))
    return [
        (g - g_sum / kept["count"] - kept["xhat"] * (gx_sum / kept["count"])) * kept["inv_std"]
        for g, kept in zip(dys, saved, strict=True)
    ]
