"""What becomes of a unit, and of the processes that units run in, where the machine refuses something."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import loky
import pytest
import xarray as xr

from site_gen.errors import BuildError
from site_gen.pipeline import stages
from site_gen.pipeline.unit import work
from site_gen.pipeline.workers import Processes


def test_a_full_disk_for_temporary_files_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(inputs: dict) -> dict:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stages, "pages", fails)
    failed = work("site_gen.pipeline.stages:pages", (), {})
    assert failed.expected and "is full" in failed.message and "TMPDIR" in failed.message


@pytest.mark.parametrize("error", [OSError(errno.EROFS, "Read-only file system"), ImportError("no sem_open")])
def test_processes_that_cannot_be_started_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(**options: object) -> None:
        raise error

    monkeypatch.setattr(loky, "get_reusable_executor", fails)
    with pytest.raises(BuildError, match="/dev/shm"):
        Processes(1).start()


def test_a_point_that_gives_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with SET=coin.runs=0: such a result could be stored, and not read again."""
    study = SimpleNamespace(
        __name__="experiments.studies.coin",
        FULL=stages.Profile(),
        points=lambda setup: {"one": 1},
        run=lambda point: xr.Dataset({"heads": ("run", [])}),
    )
    monkeypatch.setattr(stages, "load", lambda name: study)
    with pytest.raises(
        BuildError, match=r"studies/coin.py: `run` gave nothing along run for the point 'one'"
    ):
        stages.result("coin", "one", ("full", None, ()), {})
