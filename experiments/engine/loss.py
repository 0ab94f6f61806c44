"""What is minimized."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.sums import sum_over

# (outputs, labels or targets, buffers) → loss (run,), ∂L/∂outputs
Loss = Callable[[np.ndarray, np.ndarray, Buffers | None], tuple[np.ndarray, np.ndarray]]


@np.errstate(
    invalid="ignore", over="ignore", divide="ignore"
)  # the logits of a diverged run give nan
def softmax_cross_entropy(
    logits: np.ndarray, labels: np.ndarray, buffers: Buffers | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """L = mean_samples(log Σ_k exp(z_k) − z_label), in nats, and its derivative.

    ∂L/∂z = (softmax(z) − onehot(label))/m.

    Parameters
    ----------
    logits : array (run, sample, class)
        z.
    labels : integer array (run, sample), or (1, sample) if they are the same for all runs
        Classes, counted from 0.
    buffers : Buffers, optional
        Memory for the gradient.

    Returns
    -------
    loss : array (run,)
    dlogits : array (run, sample, class)

    Raises
    ------
    ValueError
        If there is no sample, or a label is no class.
    """
    buffers = buffers or Buffers()
    runs, samples, classes = logits.shape
    if not samples:
        raise ValueError("an empty batch has no loss")
    if labels.min() < 0 or labels.max() >= classes:
        found = f"labels go from {labels.min()} to {labels.max()}"
        raise ValueError(f"{found}; {classes} classes are counted from 0 to {classes - 1}")
    labels = np.broadcast_to(labels, (runs, samples))[..., None]
    z = buffers.array("shifted", logits.shape, logits.dtype)
    np.subtract(logits, logits.max(axis=2, keepdims=True), out=z)  # then exp cannot overflow
    dlogits = buffers.array("dlogits", logits.shape, logits.dtype)
    np.exp(z, out=dlogits)
    total = sum_over(2, dlogits)
    each = np.log(total) - np.take_along_axis(z, labels, axis=2)
    dlogits /= total
    at_label = np.take_along_axis(dlogits, labels, axis=2)
    np.put_along_axis(dlogits, labels, at_label - 1, axis=2)
    dlogits /= samples
    return sum_over(1, each)[:, 0, 0] / samples, dlogits


def half_squared_error(
    y: np.ndarray, target: np.ndarray, buffers: Buffers | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """L = ½ mean_samples ‖y − t‖² and ∂L/∂y = (y − t)/m: (run, sample, feature) → (run,), as y."""
    difference = y - target
    return 0.5 * np.square(difference).sum(axis=2).mean(axis=1), difference / y.shape[1]
