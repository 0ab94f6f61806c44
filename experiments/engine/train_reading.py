"""The training loop with instruments, for studies that are not in the new words yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.parameters import mapped
from experiments.engine.sgd import SGD


@dataclass(frozen=True)
class Moment:
    """What an instrument sees: a network after `step` updates, and what the next batch does to it.

    `params` and `state` (with running statistics of `step` batches) are what an evaluation needs.
    `x`, `labels`, `saved`, `logits`, `loss` and `grads` belong to the next batch, in training mode,
    before the update. All of it is overwritten later.
    """

    step: int
    params: list[Arrays]
    state: list[Arrays]
    x: np.ndarray
    labels: np.ndarray
    saved: list[dict[str, Any]]
    logits: np.ndarray
    loss: np.ndarray
    grads: list[Arrays]


def train(
    network: Network,
    params: list[Arrays],
    state: list[Arrays],
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
    optimizer: SGD,
    at: Iterable[int],
    instruments: Mapping[str, Callable[[Moment], Any]],
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Train with softmax cross-entropy and yield (step, {instrument: reading}) at chosen steps.

    Parameters
    ----------
    network, params, state
        As from `Network.init`. They are copied first, so conditions can be compared from the same
        start.
    batches : iterable of (x, labels)
        x (run, sample, feature) and labels (run, sample). One more than the last step is drawn: its
        readings need a batch.
    optimizer : SGD
        How parameters move.
    at : iterable of int
        Numbers of updates after which to read: 0 is before the first. Training ends at the last.
    instruments : mapping of name to callable
        `Moment` → array, copied as soon as it is read.

    Raises
    ------
    ValueError
        If no step is chosen, or the batches end before the last one.
    """
    chosen, buffers = set(at), Buffers()
    if not chosen:
        raise ValueError("nothing to read: choose at least one step")
    params = mapped(np.copy, params)
    velocity = optimizer.init(params)
    step, last = -1, max(chosen)
    for step, (x, labels) in zip(range(last + 1), batches, strict=False):
        logits, saved, next_state = network.forward(params, state, x, True, buffers)
        loss, dlogits = softmax_cross_entropy(logits, labels, buffers.part("loss"))
        _, grads = network.backward(params, saved, dlogits, buffers, input_gradient=False)
        if step in chosen:
            moment = Moment(step, params, state, x, labels, saved, logits, loss, grads)
            yield step, {name: np.array(read(moment)) for name, read in instruments.items()}
        if step < last:
            optimizer.update(params, grads, velocity, buffers.part("update"))
            state = next_state
    if step < last:
        raise ValueError(
            f"the batches ended after {step + 1}, but reading at step {last} takes {last + 1}"
        )
