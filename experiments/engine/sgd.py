"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.parameters import Path, leaves

# numbers that are updated at a time: they should stay in a core's own cache between operations
BLOCK = 2**17


@dataclass(frozen=True)
class SGD:
    """g ← ∂L/∂p + λ p;  v ← μ v + g;  p ← p − η v.

    The rate is outside the velocity, as in PyTorch.

    Parameters
    ----------
    rate : float or array (run,)
        η, for all runs or for each.
    momentum : float
        μ. The velocity starts at zero.
    weight_decay : float
        λ, for all parameters alike: weights, biases, γ and β.
    frozen : tuple of (layer index, name)
        Parameters that are left as they are: `((2, "gamma"),)`, or `((2, 1, "gamma"),)` for a layer
        within layer 2.
    """

    rate: float | np.ndarray
    momentum: float = 0.0
    weight_decay: float = 0.0
    frozen: tuple[Path, ...] = ()

    def init(self, params: list[Arrays]) -> dict[Path, np.ndarray]:
        """Return the velocity, zero for every parameter that moves; without momentum there is none.

        Raises
        ------
        ValueError
            If `frozen` names a parameter that does not exist, or the rates are not one a run.
        """
        found = dict(leaves(params))
        if unknown := set(self.frozen) - set(found):
            raise ValueError(
                f"frozen names {sorted(unknown, key=str)}, but the parameters are {list(found)}"
            )
        runs = {p.shape[0] for p in found.values()}
        if np.ndim(self.rate) and {np.shape(self.rate)} != {(n,) for n in runs}:
            raise ValueError(
                f"the rates have shape {np.shape(self.rate)}; they must be one a run: {runs}"
            )
        if not self.momentum:
            return {}
        return {path: np.zeros_like(p) for path, p in found.items() if path not in self.frozen}

    @np.errstate(invalid="ignore", over="ignore")  # a run may diverge
    def update(
        self,
        params: list[Arrays],
        grads: list[Arrays],
        velocity: dict[Path, np.ndarray],
        buffers: Buffers | None = None,
    ) -> None:
        """Take one step: changes params and velocity in place."""
        buffers = buffers or Buffers()
        of = dict(leaves(grads))
        for path, p in leaves(params):
            if path in self.frozen:
                continue
            g, v = of[path], velocity.get(path)
            rate = np.broadcast_to(np.asarray(self.rate, p.dtype), p.shape[:1])
            rate = rate.reshape(-1, *(1,) * (p.ndim - 1))
            for runs in _blocks(p):
                shape = p[runs].shape
                step = buffers.array(
                    f"step {shape}", shape, p.dtype
                )  # parameters of one shape share it
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


@dataclass(frozen=True)
class Together:
    """Optimizers side by side, each of which leaves the parameters of the others as they are.

    Parameters
    ----------
    optimizers : tuple of SGD
        Every parameter is frozen in all of them but one.
    """

    optimizers: tuple[SGD, ...]

    def init(self, params: list[Arrays]) -> list[dict[Path, np.ndarray]]:
        """The velocities of each; raises as `SGD.init`."""
        return [one.init(params) for one in self.optimizers]

    def update(
        self,
        params: list[Arrays],
        grads: list[Arrays],
        velocity: list[dict[Path, np.ndarray]],
        buffers: Buffers | None = None,
    ) -> None:
        """Take one step of each: changes params and velocities in place."""
        buffers = buffers or Buffers()
        for one, its in zip(self.optimizers, velocity, strict=True):
            one.update(params, grads, its, buffers)


def _blocks(p: np.ndarray) -> Iterator[slice]:
    """The runs of a parameter, as many at a time as make a block."""
    at_a_time = max(1, BLOCK // max(1, p[0].size))
    return (slice(first, first + at_a_time) for first in range(0, p.shape[0], at_a_time))
