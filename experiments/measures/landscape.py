"""What the loss does along the gradient: its range, the turn of the gradient, the smoothness.

For steps of c times the rate η from the parameters x against the gradient g of one batch, on the
same batch, with c over a range: the loss L(x − cηg) and the gradient ∇L(x − cηg). Santurkar
et al. 2018, §3.2, the three panels of the figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.engine.parameters import Path, leaves, mapped
from experiments.engine.train import Model, backpropagate


@dataclass(frozen=True)
class AlongGradient:
    """Losses and gradients at several steps along the gradient.

    Attributes
    ----------
    loss : ndarray (step, run)
        L(x − s g) for every step size s.
    start : ndarray (run,)
        L(x).
    change : ndarray (step, run)
        ‖∇L(x) − ∇L(x − s g)‖, over all parameters.
    gradient : ndarray (run,)
        ‖∇L(x)‖.
    smoothness : ndarray (step, run)
        ‖∇L(x) − ∇L(x − s g)‖ / ‖s g‖.
    """

    loss: np.ndarray
    start: np.ndarray
    change: np.ndarray
    gradient: np.ndarray
    smoothness: np.ndarray


def along_gradient(
    model: Model, x: np.ndarray, labels: np.ndarray, steps: np.ndarray
) -> AlongGradient:
    """Step from the parameters against the gradient of one batch, in training mode.

    Nothing that is passed in is changed.

    Parameters
    ----------
    model : Model
        With float64 parameters for small steps.
    x, labels
        The batch, (run, sample, feature) and (run, sample).
    steps : ndarray (step,)
        Step sizes s > 0.

    Raises
    ------
    ValueError
        If a step is not positive.
    """
    if not (np.asarray(steps) > 0).all():
        raise ValueError(f"steps must be positive, got {steps}")
    start, gradient = _loss_and_gradient(model, x, labels)
    losses, changes = [], []
    for step in steps:
        moved = model.copy()
        for path, p in leaves(moved.params):
            p -= (step * gradient[path]).astype(p.dtype)
        loss, new = _loss_and_gradient(moved, x, labels)
        losses.append(loss)
        changes.append(_norm({path: gradient[path] - new[path] for path in gradient}))
    change, length = np.array(changes), _norm(gradient)
    smoothness = change / (np.asarray(steps)[:, None] * length)
    return AlongGradient(np.array(losses), start, change, length, smoothness)


def _loss_and_gradient(
    model: Model, x: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, dict[Path, np.ndarray]]:
    found = backpropagate(model, x, labels)
    return found.loss.astype(float), dict(leaves(mapped(lambda g: g.astype(float), found.grads)))


def _norm(arrays: dict[Path, np.ndarray]) -> np.ndarray:
    """The length of all parameters together, one a run."""
    return np.sqrt(sum(np.square(a).reshape(len(a), -1).sum(axis=1) for a in arrays.values()))
