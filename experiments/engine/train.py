"""The training loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.loss import Loss, softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.optimizer import Optimizer, Together
from experiments.engine.parameters import leaves, mapped
from experiments.engine.sums import accumulator


@dataclass(frozen=True)
class Model:
    """A network with parameters and state, as from `Network.init`."""

    network: Network
    params: list[Arrays]
    state: list[Arrays]

    def outputs(
        self, x: np.ndarray, training: bool = False, buffers: Buffers | None = None
    ) -> np.ndarray:
        """What the network gives for x, the same (sample, …) for all runs or (run, sample, …)."""
        return self.forward(x, training, buffers)[0]

    def forward(
        self, x: np.ndarray, training: bool, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, list[dict[str, Any]], list[Arrays]]:
        """As `Network.forward`, with these parameters and this state, neither of which changes."""
        return self.network.forward(self.params, self.state, x, training, buffers)

    def copy(self) -> Model:
        """A model with copies of the parameters and the state."""
        return Model(self.network, mapped(np.copy, self.params), mapped(np.copy, self.state))

    def astype(self, dtype: np.dtype | str) -> Model:
        """A model in another precision; with float16, the state is float32."""
        params = mapped(lambda a: a.astype(dtype), self.params)
        state = mapped(lambda a: a.astype(accumulator(dtype)), self.state)
        return Model(self.network, params, state)


@dataclass(frozen=True)
class Moment(Model):
    """A network after `step` updates, and what the next batch does to it.

    `params` and `state` (with running statistics of `step` batches) are what an evaluation needs.
    The rest belongs to the next batch, before the update: `x` and `labels`, what the layers
    `saved`, `logits`, `loss` (run,), `grads`, and `next_state`. The next moment of a training
    overwrites it, so copy what is to be kept; the last moment stays. Of a batch in parts, `saved`
    and `logits` are those of the last part.
    """

    step: int
    x: np.ndarray
    labels: np.ndarray
    saved: list[dict[str, Any]]
    logits: np.ndarray
    loss: np.ndarray
    grads: list[Arrays]
    next_state: list[Arrays]


def backpropagate(
    model: Model,
    x: np.ndarray,
    labels: np.ndarray,
    training: bool = True,
    parts: int = 1,
    buffers: Buffers | None = None,
    step: int = 0,
    loss: Loss = softmax_cross_entropy,
) -> Moment:
    """The loss of a batch, and its gradient with respect to the parameters.

    In parts, g = (1/k) Σ_j ∂L_j/∂p with L_j the loss of part j of k: gradients accumulated. Where
    samples do not see each other, that is the gradient of the whole batch. `Standardize` takes the
    statistics of one part at a time, and updates the running ones k times.

    Parameters
    ----------
    model : Model
    x, labels : ndarray
        (run, sample, …) and (run, sample); for all runs alike, (1, sample, …) and (1, sample).
    training : bool
        Whether layers that have two modes are in training mode.
    parts : int
        k; neighbouring samples make up a part.
    buffers : Buffers, optional
        Memory for the passes, and so for what is returned.
    step : int
        Number of updates that the model has had.
    loss : callable
        What is minimized (`experiments.engine.loss`).

    Raises
    ------
    ValueError
        If the parts would not be of one size.
    """
    samples, buffers = labels.shape[1], buffers or Buffers()
    if parts < 1 or samples % parts:
        raise ValueError(f"{samples} samples cannot be divided into {parts} parts of one size")
    state, size, losses, total = model.state, samples // parts, [], None
    for start in range(0, samples, size):
        part = slice(start, start + size)
        logits, saved, state = model.network.forward(
            model.params, state, x[:, part], training, buffers
        )
        value, dlogits = loss(logits, labels[:, part], buffers.part("loss"))
        _, grads = model.network.backward(
            model.params, saved, dlogits, buffers, input_gradient=False
        )
        losses.append(value)
        if parts > 1:
            total = _added(total, grads)
    if parts > 1:
        value, grads = np.mean(losses, axis=0), mapped(lambda g: np.divide(g, parts, out=g), total)
    return Moment(
        model.network,
        model.params,
        model.state,
        step,
        x,
        labels,
        saved,
        logits,
        value,
        grads,
        state,
    )


def _added(total: list[Arrays] | None, grads: list[Arrays]) -> list[Arrays]:
    if total is None:
        return mapped(np.copy, grads)
    for (_, sum_), (_, g) in zip(leaves(total), leaves(grads), strict=True):
        sum_ += g
    return total


def train(
    model: Model,
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
    optimizer: Optimizer | Together,
    steps: int,
    training: bool = True,
    parts: int = 1,
    loss: Loss = softmax_cross_entropy,
) -> Iterator[Moment]:
    """Train: yields the moments 0, 1, …, `steps`, the last the trained network.

    Parameters
    ----------
    model : Model
        Where training starts. It is left as it is, so that conditions can start from the same one.
    batches : iterable of (x, labels)
        x (run, sample, …) and labels (run, sample). One more than `steps` is drawn, for the last
        moment.
    optimizer : Optimizer or Together
        How parameters move.
    steps : int
        Number of updates.
    training, parts, loss
        As of `backpropagate`.

    Raises
    ------
    ValueError
        If the batches end before the last step, or the parts would not be of one size.
    """
    params, state = mapped(np.copy, model.params), model.state
    progress, buffers, step = optimizer.init(params), Buffers(), -1
    for step, (x, labels) in zip(range(steps + 1), batches, strict=False):
        here = Model(model.network, params, state)
        moment = backpropagate(here, x, labels, training, parts, buffers, step, loss)
        yield moment
        if step < steps:
            optimizer.update(params, moment.grads, progress, buffers.part("update"))
            state = moment.next_state
    if step < steps:
        raise ValueError(f"{steps} steps take {steps + 1} batches, but there were only {step + 1}")
