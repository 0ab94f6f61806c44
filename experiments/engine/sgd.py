"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays

BLOCK = (
    2**17
)  # numbers that are updated at a time: they should stay in a core's own cache from one line to the next


@dataclass(frozen=True)
class SGD:
    """g ← ∂L/∂p + λ p;  v ← μ v + g;  p ← p − η v: PyTorch's convention, with the rate outside the velocity.

    Parameters
    ----------
    rate : float or array (run,)
        η, for all runs or for each.
    momentum : float
        μ. The velocity starts at zero.
    weight_decay : float
        λ, for all parameters alike: weights, biases, γ and β.
    frozen : tuple of (layer index, name)
        Parameters that are left as they are: `((2, "gamma"),)`.
    """

    rate: float | np.ndarray
    momentum: float = 0.0
    weight_decay: float = 0.0
    frozen: tuple[tuple[int, str], ...] = ()

    def init(self, params: list[Arrays]) -> list[Arrays]:
        """Return the velocity, zero for every parameter that moves; without momentum there is none.

        Raises
        ------
        ValueError
            If `frozen` names a parameter that does not exist, or the rates are not one a run.
        """
        names = {(i, name) for i, layer in enumerate(params) for name in layer}
        if unknown := set(self.frozen) - names:
            raise ValueError(f"frozen names {sorted(unknown)}, but the parameters are {sorted(names)}")
        runs = {p.shape[0] for layer in params for p in layer.values()}
        if np.ndim(self.rate) and {np.shape(self.rate)} != {(n,) for n in runs}:
            raise ValueError(f"the rates have shape {np.shape(self.rate)}; they must be one a run: {runs}")
        if not self.momentum:
            return [{} for _ in params]
        return [
            {name: np.zeros_like(p) for name, p in layer.items() if (i, name) not in self.frozen}
            for i, layer in enumerate(params)
        ]

    @np.errstate(invalid="ignore", over="ignore")  # a run may diverge
    def update(
        self,
        params: list[Arrays],
        grads: list[Arrays],
        velocity: list[Arrays],
        buffers: Buffers | None = None,
    ) -> None:
        """Take one step: changes params and velocity in place."""
        buffers = buffers or Buffers()
        for i, layer in enumerate(params):
            for name, p in layer.items():
                if (i, name) in self.frozen:
                    continue
                g, v = grads[i][name], velocity[i].get(name)
                rate = np.broadcast_to(np.asarray(self.rate, p.dtype), p.shape[:1])
                rate = rate.reshape(-1, *(1,) * (p.ndim - 1))
                for runs in _blocks(p):
                    shape = p[runs].shape
                    step = buffers.array(f"step {shape}", shape, p.dtype)  # parameters of one shape share it
                    self._step(p[runs], g[runs], v if v is None else v[runs], rate[runs], step)

    def _step(
        self, p: np.ndarray, g: np.ndarray, v: np.ndarray | None, rate: np.ndarray, step: np.ndarray
    ) -> None:
        if self.weight_decay:
            np.multiply(p, self.weight_decay, out=step)
            step += g
            g = step
        if v is not None:
            v *= self.momentum
            v += g
            g = v
        np.multiply(g, rate, out=step)
        p -= step


def _blocks(p: np.ndarray) -> Iterator[slice]:
    """The runs of a parameter, as many at a time as make a block."""
    at_a_time = max(1, BLOCK // max(1, p[0].size))
    return (slice(first, first + at_a_time) for first in range(0, p.shape[0], at_a_time))
