"""Stochastic gradient descent, with momentum or without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.engine.optimizer import Optimizer


@dataclass(frozen=True)
class SGD(Optimizer):
    """g ← ∂L/∂p + λ p;  v ← μ v + g;  p ← p − η v.

    The rate is outside the velocity, as in PyTorch.

    Parameters
    ----------
    rate, weight_decay, frozen
        As of `Optimizer`.
    momentum : float
        μ. The velocity starts at zero.
    """

    momentum: float = 0.0

    @property
    def averages(self) -> int:
        return 1 if self.momentum else 0

    def move(
        self,
        p: np.ndarray,
        g: np.ndarray,
        moments: tuple[np.ndarray, ...],
        rate: np.ndarray,
        step: int,
        scratch: list[np.ndarray],
    ) -> None:
        (work,) = scratch
        if self.weight_decay:
            np.multiply(p, self.weight_decay, out=work)
            work += g
            g = work
        for v in moments:
            v *= self.momentum
            v += g
            g = v
        np.multiply(g, rate, out=work)
        p -= work
