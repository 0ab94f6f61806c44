"""What the engine's tests share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


class Golden:
    """The numbers that PyTorch computed, case by case."""

    def __init__(self) -> None:
        with np.load(Path(__file__).with_name("golden.npz")) as stored:
            self._arrays = dict(stored)

    def __call__(self, case: str) -> dict[str, np.ndarray]:
        """Return the arrays of one case by name."""
        found = {
            name[len(case) + 1 :]: a
            for name, a in self._arrays.items()
            if name.startswith(case + "/")
        }
        assert found, f"no golden case {case}: run tests/engine/make_golden.py"
        return found


@pytest.fixture(scope="session")
def golden() -> Golden:
    return Golden()


@pytest.fixture
def rngs():
    """Return a function: n → n generators, one a run."""
    return lambda runs: [np.random.default_rng(s) for s in np.random.SeedSequence(7).spawn(runs)]
