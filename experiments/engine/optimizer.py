"""What optimizers share: rates for each run, frozen parameters, and how runs are updated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.layer import Arrays
from experiments.engine.parameters import Path, leaves

# numbers that are updated at a time: they should stay in a core's own cache between operations
BLOCK = 2**17


@dataclass
class Progress:
    """What an optimizer remembers between steps.

    Attributes
    ----------
    moments : dict
        Averages of past gradients, by parameter: as many arrays as its optimizer needs.
    step : int
        How many steps it has taken.
    """

    moments: dict[Path, tuple[np.ndarray, ...]]
    step: int = 0


@dataclass(frozen=True)
class Optimizer(ABC):
    """Moves parameters along their gradients.

    Parameters
    ----------
    rate : float or array (run,)
        η, for all runs or for each.
    weight_decay : float
        λ, for all parameters alike: weights, biases, γ and β.
    frozen : tuple of (layer index, name)
        Parameters that are left as they are: `((2, "gamma"),)`, or `((2, 1, "gamma"),)` for a layer
        within layer 2.
    """

    rate: float | np.ndarray
    weight_decay: float = field(default=0.0, kw_only=True)
    frozen: tuple[Path, ...] = field(default=(), kw_only=True)

    SCRATCH: ClassVar[int] = 1  # arrays that a step works in

    @property
    @abstractmethod
    def averages(self) -> int:
        """How many averages of gradients there are of each parameter."""

    @abstractmethod
    def move(
        self,
        p: np.ndarray,
        g: np.ndarray,
        moments: tuple[np.ndarray, ...],
        rate: np.ndarray,
        step: int,
        scratch: list[np.ndarray],
    ) -> None:
        """Change p and its moments in place, in step 1, 2, …; g stays."""

    def init(self, params: list[Arrays]) -> Progress:
        """Averages that start at zero, for every parameter that moves.

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
            wanted = f"they must be one a run: {sorted(runs)}"
            raise ValueError(f"the rates have shape {np.shape(self.rate)}; {wanted}")
        moving = {path: p for path, p in found.items() if path not in self.frozen}
        count = range(self.averages)
        return Progress(
            {path: tuple(np.zeros_like(p) for _ in count) for path, p in moving.items()}
        )

    @np.errstate(invalid="ignore", over="ignore")  # a run may diverge
    def update(
        self,
        params: list[Arrays],
        grads: list[Arrays],
        progress: Progress,
        buffers: Buffers | None = None,
    ) -> None:
        """Take one step: changes params and progress in place."""
        buffers, of = buffers or Buffers(), dict(leaves(grads))
        progress.step += 1
        for path, p in leaves(params):
            if path in self.frozen:
                continue
            rate = np.broadcast_to(np.asarray(self.rate, p.dtype), p.shape[:1])
            rate = rate.reshape(-1, *(1,) * (p.ndim - 1))
            for runs in _blocks(p):
                shape = p[runs].shape  # parameters of one shape share the scratch
                scratch = [
                    buffers.array(f"scratch {k} {shape}", shape, p.dtype)
                    for k in range(self.SCRATCH)
                ]
                moments = tuple(one[runs] for one in progress.moments[path])
                self.move(p[runs], of[path][runs], moments, rate[runs], progress.step, scratch)


def _blocks(p: np.ndarray) -> Iterator[slice]:
    """The runs of a parameter, as many at a time as make a block."""
    at_a_time = max(1, BLOCK // max(1, p[0].size))
    return (slice(first, first + at_a_time) for first in range(0, p.shape[0], at_a_time))


@dataclass(frozen=True)
class Together:
    """Optimizers side by side, each of which leaves the parameters of the others as they are.

    Parameters
    ----------
    optimizers : tuple of Optimizer
        Every parameter is frozen in all of them but one.
    """

    optimizers: tuple[Optimizer, ...]

    def init(self, params: list[Arrays]) -> list[Progress]:
        """What each remembers; raises as `Optimizer.init`."""
        return [one.init(params) for one in self.optimizers]

    def update(
        self,
        params: list[Arrays],
        grads: list[Arrays],
        progress: list[Progress],
        buffers: Buffers | None = None,
    ) -> None:
        """Take one step of each: changes params and progress in place."""
        buffers = buffers or Buffers()
        for one, its in zip(self.optimizers, progress, strict=True):
            one.update(params, grads, its, buffers)
