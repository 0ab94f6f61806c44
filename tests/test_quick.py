"""Quick results are computed once for all tests, and a study that fails leaves none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import xarray as xr

from tests import quick


class Study:
    """A study with two points, which counts how often one is run."""

    QUICK = None

    def __init__(self) -> None:
        self.runs: list[int] = []
        self.fails_at: int | None = None

    def points(self, setup: None) -> dict[str, partial]:
        return {f"x-{x}": partial(self.square, x) for x in (1, 2)}

    def square(self, x: int) -> xr.Dataset:
        self.runs.append(x)
        time.sleep(0.05)  # long enough for another worker to ask
        if x == self.fails_at:
            raise ValueError("on purpose")
        return xr.Dataset({"square": ("x", [x**2 / 3])}, {"x": [x]})


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Study]:
    made = Study()
    monkeypatch.setattr(quick, "module", lambda name: made)
    monkeypatch.setattr(quick, "_folder", tmp_path)
    yield made
    for cached in (quick.points, quick.stored):
        cached.cache_clear()


def test_two_that_ask_at_once_run_it_once(study: Study) -> None:
    """Threads stand in for workers: a lock on a file separates both alike."""
    with ThreadPoolExecutor(2) as workers:
        first, second = workers.map(quick.stored.__wrapped__, ["squares"] * 2)
    assert first == second and first.keys() == {"x-1", "x-2"}
    assert study.runs == [1, 2]


def test_a_study_that_fails_halfway_is_run_again(study: Study, tmp_path: Path) -> None:
    study.fails_at = 2
    with pytest.raises(ValueError, match="on purpose"):
        quick.stored("squares")
    assert not (tmp_path / "squares").exists()
    study.fails_at = None
    assert quick.stored("squares").keys() == {"x-1", "x-2"}
    assert study.runs == [1, 2, 1, 2]
