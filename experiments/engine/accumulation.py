"""Training with gradients accumulated over parts of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.parameters import leaves, mapped
from experiments.engine.sgd import SGD


def accumulated(
    network: Network,
    params: list[Arrays],
    state: list[Arrays],
    x: np.ndarray,
    labels: np.ndarray,
    parts: int,
    buffers: Buffers | None = None,
) -> tuple[list[Arrays], list[Arrays]]:
    """The mean of the gradients of a batch's parts, g = (1/k) Σ_j ∂L_j/∂p, and the last state.

    L_j is the mean cross-entropy of part j in training mode. Where samples do not see each other,
    the mean of the L_j is the loss of the whole batch and g its gradient. `Standardize` takes its
    statistics from one part at a time, and updates its running ones k times.

    Parameters
    ----------
    network, params, state
        As from `Network.init`.
    x : ndarray, shape (run, sample, feature)
    labels : ndarray of int, shape (run, sample)
    parts : int
        k, of k m = sample; neighbouring samples make up a part.
    buffers : Buffers, optional
        Memory for the passes. The gradients returned are not in it.

    Raises
    ------
    ValueError
        If the parts would not be of one size.
    """
    samples = labels.shape[1]
    if parts < 1 or samples % parts:
        raise ValueError(f"{samples} samples cannot be divided into {parts} parts of one size")
    buffers, size, total = buffers or Buffers(), samples // parts, None
    for start in range(0, samples, size):
        part = slice(start, start + size)
        logits, saved, state = network.forward(params, state, x[:, part], True, buffers)
        _, dlogits = softmax_cross_entropy(logits, labels[:, part], buffers.part("loss"))
        _, grads = network.backward(params, saved, dlogits, buffers, input_gradient=False)
        if total is None:
            total = mapped(np.copy, grads)
        else:
            for (_, sum_), (_, g) in zip(leaves(total), leaves(grads), strict=True):
                sum_ += g
    for _, sum_ in leaves(total):
        sum_ /= parts
    return total, state


def train_in_parts(
    network: Network,
    params: list[Arrays],
    state: list[Arrays],
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
    optimizer: SGD,
    at: Iterable[int],
    parts: int = 1,
) -> Iterator[tuple[int, list[Arrays], list[Arrays]]]:
    """Train with accumulated gradients; yield (step, params, state) at chosen steps.

    With one part it takes the same steps as `experiments.engine.train.train`. What is yielded is
    overwritten later.

    Parameters
    ----------
    network, params, state
        As from `Network.init`. They are copied first.
    batches : iterable of (x, labels)
        x (run, sample, feature) and labels (run, sample), divided into `parts`.
    optimizer : SGD
        How parameters move, once a batch.
    at : iterable of int
        Numbers of updates after which to yield. Training ends at the last.
    parts : int
        Parts of a batch.

    Raises
    ------
    ValueError
        If no step is chosen, the batches end before the last one, or the parts would not be of one
        size.
    """
    chosen, buffers = set(at), Buffers()
    if not chosen:
        raise ValueError("nothing to read: choose at least one step")
    params, stream = mapped(np.copy, params), iter(batches)
    velocity = optimizer.init(params)
    for step in range(max(chosen) + 1):
        if step in chosen:
            yield step, params, state
        if step == max(chosen):
            return
        batch = next(stream, None)
        if batch is None:
            raise ValueError(
                f"the batches ended after {step}, but step {max(chosen)} was asked for"
            )
        grads, state = accumulated(network, params, state, *batch, parts, buffers)
        optimizer.update(params, grads, velocity, buffers.part("update"))
