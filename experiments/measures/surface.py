"""The loss over γ and β of one unit, all else held fixed: its derivatives and its minimum.

The unit belongs to the last hidden layer of a network, whose last layers are batch norm, a smooth
activation and a dense layer; the samples are one batch, in training mode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from experiments.data.samples import Samples
from experiments.engine.activations import Sigmoid, Tanh
from experiments.engine.layer import Layer
from experiments.engine.train import Model

REACH = 20.0  # a unit whose search gets this far from (0, 0) has no minimum nearby


@dataclass(frozen=True)
class Smooth:
    """An activation φ; both its derivatives are functions of its value."""

    value: Callable[[np.ndarray], np.ndarray]
    first: Callable[[np.ndarray], np.ndarray]
    second: Callable[[np.ndarray], np.ndarray]


SMOOTH: dict[Layer, Smooth] = {
    Sigmoid(): Smooth(
        lambda y: 0.5 * (1 + np.tanh(y / 2)),
        lambda a: a * (1 - a),
        lambda a: a * (1 - a) * (1 - 2 * a),
    ),
    Tanh(): Smooth(np.tanh, lambda a: 1 - np.square(a), lambda a: -2 * a * (1 - np.square(a))),
}


@dataclass(frozen=True)
class Surface:
    """L(γ, β) = mean_i −log softmax(c_i + φ(γ x̂_i + β) w)[label_i], for each of several units.

    Attributes
    ----------
    activation : Smooth
        φ.
    xhat : ndarray, shape (unit, sample)
    others : ndarray, shape (unit, sample, class)
        c, the logits without the unit's part.
    weight : ndarray, shape (unit, class)
        w, from the unit to the logits.
    labels : ndarray of int, shape (sample,)
    """

    activation: Smooth
    xhat: np.ndarray
    others: np.ndarray
    weight: np.ndarray
    labels: np.ndarray

    def loss(self, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """L for one (γ, β) a unit: (unit,)."""
        return self._parts(gamma, beta)[0]

    def derivatives(
        self, gamma: np.ndarray, beta: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """L (unit,), its gradient (unit, 2) and Hessian (unit, 2, 2), the order being γ, β.

        With u = (x̂, 1): ∇L = mean(r φ′ u) and ∇²L = mean((q φ′² + r φ″) u uᵀ), where
        r = w·(p − onehot(label)) and q = Var_p(w) are the first and second derivative of a sample's
        loss by the activation, p its softmax.
        """
        loss, p, value = self._parts(gamma, beta)
        slope = np.einsum("uic,uc->ui", p, self.weight)
        square = np.einsum("uic,uc->ui", p, np.square(self.weight))
        r, q = slope - self.weight[:, self.labels], square - np.square(slope)
        first, second = self.activation.first(value), self.activation.second(value)
        u = np.stack([self.xhat, np.ones_like(self.xhat)])
        gradient = np.einsum("ui,aui->ua", r * first, u) / self.labels.size
        curve = q * np.square(first) + r * second
        return loss, gradient, np.einsum("ui,aui,bui->uab", curve, u, u) / self.labels.size

    def _parts(
        self, gamma: np.ndarray, beta: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """L, the softmax and the activation."""
        value = self.activation.value(gamma[:, None] * self.xhat + beta[:, None])
        z = self.others + value[:, :, None] * self.weight[:, None, :]
        z -= z.max(axis=2, keepdims=True)
        at_label = z[:, np.arange(self.labels.size), self.labels]
        np.exp(z, out=z)
        total = z.sum(axis=2)
        z /= total[:, :, None]
        return (np.log(total) - at_label).mean(axis=1), z, value

    def part(self, unit: int) -> Surface:
        """The surface of one unit."""
        k = slice(unit, unit + 1)
        return replace(self, xhat=self.xhat[k], others=self.others[k], weight=self.weight[k])

    def misfit(self, at: np.ndarray, radius: float, directions: int) -> np.ndarray:
        """How far the quadratic of a minimum `at` (unit, 2) is off at a distance from it: (unit,).

        Root mean square over directions of (rise of the loss − quadratic), over the quadratic's.
        """
        bottom, _, hessian = self.derivatives(*at.T)
        rises, bowls = [], []
        for angle in 2 * np.pi * np.arange(directions) / directions:
            d = radius * np.array([np.cos(angle), np.sin(angle)])
            rises.append(self.loss(*(at + d).T) - bottom)
            bowls.append(0.5 * np.einsum("a,uab,b->u", d, hessian, d))
        off = np.square(np.subtract(rises, bowls)).mean(axis=0)
        return np.sqrt(off / np.square(bowls).mean(axis=0))


def surfaces(model: Model, samples: Samples, units: int) -> list[Surface]:
    """The surfaces of the first units of the last hidden layer, run by run.

    Parameters
    ----------
    model : Model
        In float64; its last layers are `Affine`, `Sigmoid` or `Tanh`, and `Dense`.
    samples : Samples
        One batch, in float64.
    units : int
    """
    x, labels = samples.x, samples.labels
    logits, saved, _ = model.forward(x[None], training=True)
    activation, weights = SMOOTH[model.network.layers[-2]], model.params[-1]["weight"][:, :units]
    found = []
    for run, weight in enumerate(weights):
        xhat, value = (saved[layer]["x"][run].T[:units] for layer in (-3, -1))
        others = logits[run] - value[:, :, None] * weight[:, None, :]
        found.append(Surface(activation, np.ascontiguousarray(xhat), others, weight, labels))
    return found


def minimum(surface: Surface, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Go downhill by Newton's method, kept within a trusted distance, from `start` (unit, 2).

    Where the surface curves down, the step goes with the curvature's size. All units go at once,
    until all gradients are below 1e-10. (SciPy's trust-region methods, one unit at a time, find the
    same minima to about 1e-6.)

    Returns
    -------
    at : ndarray, shape (unit, 2)
    found : ndarray of bool, shape (unit,)
        Whether that is a minimum: a vanishing gradient, a positive definite Hessian, and no further
        than `REACH` from (0, 0).
    """
    at, trusted = start.copy(), np.full(len(start), 0.5)
    loss, gradient, hessian = surface.derivatives(*at.T)
    for _ in range(100):
        if (np.linalg.norm(gradient, axis=1) < 1e-10).all() or (trusted < 1e-9).all():
            break
        step = _newton(gradient, hessian)
        length = np.linalg.norm(step, axis=1)
        step *= np.minimum(1, trusted / np.maximum(length, 1e-300))[:, None]
        there = np.where((np.linalg.norm(at, axis=1) < REACH)[:, None], at + step, at)
        new = surface.derivatives(*there.T)
        better = new[0] <= loss
        at = np.where(better[:, None], there, at)
        loss = np.where(better, new[0], loss)
        gradient = np.where(better[:, None], new[1], gradient)
        hessian = np.where(better[:, None, None], new[2], hessian)
        trusted = np.where(better, np.minimum(2 * trusted, 1.0), trusted / 4)
    found = (np.linalg.norm(gradient, axis=1) < 1e-7) & (np.linalg.eigvalsh(hessian)[:, 0] > 0)
    return at, found & (np.linalg.norm(at, axis=1) < REACH)


def _newton(gradient: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    """−|H|⁻¹ g, with the size of every curvature: (unit, 2)."""
    values, vectors = np.linalg.eigh(hessian)
    along = np.einsum("uab,ua->ub", vectors, gradient) / np.maximum(np.abs(values), 1e-12)
    return -np.einsum("uab,ub->ua", vectors, along)
