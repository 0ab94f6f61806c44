"""How far a batch over several devices is from one on a single device, over the bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.engine.standardize import Standardize
from experiments.engine.synchronized import combine, synchronized_backward, synchronized_forward
from experiments.theory import inference as theory

ROUND_OFF = theory.unit_round_off("float64")


def pooled_error(
    x: np.ndarray, means: np.ndarray, variances: np.ndarray, sizes: Sequence[int]
) -> np.ndarray:
    """Largest distance of the pooled variance from the whole batch's, over its bound, by run."""
    whole, pooled = x.var(axis=1), combine(means, variances, sizes)[1]
    kappa = np.abs(x).max(axis=1) / np.sqrt(whole)
    bound = theory.pooled_round_off(x.shape[1], ROUND_OFF, kappa)
    return np.max(np.abs(pooled / whole - 1) / bound, axis=1)


def against_one_device(x: np.ndarray, dy: np.ndarray, shards: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance of synchronized outputs and gradients from one device's, over bounds, by run."""
    layer = Standardize()
    _, state, _ = layer.init([None] * len(x), x.shape[2], x.dtype)
    y, saved, _ = layer.forward({}, state, x, training=True)
    dx, _ = layer.backward({}, saved, dy)
    outputs, kept = synchronized_forward(np.split(x, shards, axis=1), layer.convention.eps)
    gradients = synchronized_backward(kept, np.split(dy, shards, axis=1))
    m, inv_std = x.shape[1], saved["inv_std"][:, None]
    kappa = np.maximum(1, np.abs(x).max(axis=1, keepdims=True) * inv_std)
    forward = theory.normalization_round_off(m, ROUND_OFF, kappa, one_pass=False)
    backward = 4 * np.sqrt(m) * forward * inv_std * np.abs(dy).max(axis=1, keepdims=True)
    return tuple(
        np.max(np.abs(np.concatenate(ours, axis=1) - theirs) / bound, axis=(1, 2))
        for ours, theirs, bound in ((outputs, y, forward), (gradients, dx, backward))
    )
