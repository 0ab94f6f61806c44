"""Independent repetitions of a measurement, each with random streams of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Runs:
    """Repetitions `first` to `first + count − 1` of a measurement, with their random streams.

    Stream k of run r is a generator of `SeedSequence(seed, spawn_key=(r, k))`, which does not
    depend on what other runs are computed together with it. So the pipeline may split runs into
    groups, and conditions with the same runs are paired: they start from the same weights and see
    the same samples in the same order.

    Parameters
    ----------
    seed : int or tuple of int
    count : int
        Number of runs.
    first : int
        Number of the first.
    """

    seed: int | tuple[int, ...]
    count: int
    first: int = 0

    def __len__(self) -> int:
        return self.count

    @property
    def numbers(self) -> np.ndarray:
        """The numbers of the runs, which are the coordinate `run` of results."""
        return np.arange(self.first, self.first + self.count, dtype=np.int32)

    def weights(self, copies: int = 1) -> list[np.random.Generator]:
        """A new generator for the initial weights of each run: stream 0."""
        return self.streams(0, copies=copies)

    def order(self, copies: int = 1) -> list[np.random.Generator]:
        """A new generator for the order of each run's samples: stream 1."""
        return self.streams(1, copies=copies)

    def noise(self, copies: int = 1) -> list[np.random.Generator]:
        """A new generator for whatever else each run draws: stream 2."""
        return self.streams(2, copies=copies)

    def streams(
        self, *key: int, copies: int = 1, under: tuple[int, ...] = ()
    ) -> list[np.random.Generator]:
        """A new generator for each run, from a stream of this key; without a key, the run's own.

        Parameters
        ----------
        *key : int
            Which stream.
        copies : int
            Number of conditions computed side by side, each with all runs; every copy of a run
            draws the same numbers. The order is condition by condition.
        under : tuple of int
            Key in front of the run's number, for streams that are numbered first and split by run
            second.
        """
        keys = [(*under, run, *key) for run in self.numbers.tolist()]
        seeds = [np.random.SeedSequence(self.seed, spawn_key=one) for one in keys]
        return [np.random.default_rng(seed) for _ in range(copies) for seed in seeds]

    def common(self, *key: int) -> np.random.Generator:
        """A new generator for what all runs share, whichever of them are computed together."""
        return np.random.default_rng(self.part(*key).seed)

    def each(self, values: Sequence[float]) -> np.ndarray:
        """Repeat the value of every condition for each of its runs: (copies,) → (copies × run,)."""
        return np.repeat(values, self.count)

    def part(self, *key: int) -> Runs:
        """As many runs, independent of these, for another part of a study."""
        seed = self.seed if isinstance(self.seed, tuple) else (self.seed,)
        return replace(self, seed=(*seed, *key))

    def groups(self, most: int) -> Iterator[Runs]:
        """The same runs in the fewest groups of at most `most`, of sizes as equal as possible."""
        for numbers in np.array_split(self.numbers, -(-self.count // most)):
            yield replace(self, first=int(numbers[0]), count=len(numbers))


def normal(rngs: Sequence[np.random.Generator], *shape: int) -> np.ndarray:
    """Standard normal numbers, (run, *shape), each run's from its own generator."""
    return np.stack([rng.standard_normal(shape) for rng in rngs])
