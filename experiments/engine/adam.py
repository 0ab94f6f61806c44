"""Adam, and AdamW, whose weight decay is apart from the gradient."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from experiments.engine.optimizer import Optimizer


@dataclass(frozen=True)
class Adam(Optimizer):
    """In step t, with g = ∂L/∂p + λ p:

    m ← m + (1 − β₁)(g − m);  v ← β₂ v + (1 − β₂) g²;  p ← p − η m̂ / (√v̂ + ε)

    with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ), since both averages start at zero. As in PyTorch, to
    round-off. Kingma and Ba, Adam: a method for stochastic optimization, 2015, algorithm 1.

    Parameters
    ----------
    rate, weight_decay, frozen
        As of `Optimizer`.
    beta1, beta2 : float
        β₁ and β₂, what is kept of the averages of the gradient and of its square.
    eps : float
        ε, outside of the root.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    SCRATCH: ClassVar[int] = 2

    @property
    def averages(self) -> int:
        return 2

    def _decayed(
        self, p: np.ndarray, g: np.ndarray, rate: np.ndarray, work: np.ndarray
    ) -> np.ndarray:
        """The gradient that the averages see."""
        if not self.weight_decay:
            return g
        np.multiply(p, self.weight_decay, out=work)
        work += g
        return work

    def move(
        self,
        p: np.ndarray,
        g: np.ndarray,
        moments: tuple[np.ndarray, ...],
        rate: np.ndarray,
        step: int,
        scratch: list[np.ndarray],
    ) -> None:
        (m, v), (work, other) = moments, scratch
        g = self._decayed(p, g, rate, work)
        np.subtract(g, m, out=other)
        other *= 1 - self.beta1
        m += other
        v *= self.beta2
        np.multiply(g, 1 - self.beta2, out=other)
        other *= g
        v += other
        np.sqrt(v, out=work)  # g is not needed any more
        work /= np.sqrt(1 - self.beta2**step)
        work += self.eps
        np.divide(m, work, out=work)
        work *= rate / (1 - self.beta1**step)
        p -= work


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with p ← (1 − η λ) p before the step, in the place of λ p in the gradient.

    λ is 0.01 where nothing else is said, as in PyTorch. Loshchilov and Hutter, Decoupled weight
    decay regularization, 2019, algorithm 2.
    """

    weight_decay: float = field(default=0.01, kw_only=True)

    def _decayed(
        self, p: np.ndarray, g: np.ndarray, rate: np.ndarray, work: np.ndarray
    ) -> np.ndarray:
        p *= 1 - rate * self.weight_decay
        return g
