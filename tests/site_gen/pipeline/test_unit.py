"""A worker reports every failure in words; the same fault of many points is reported once."""

from __future__ import annotations

import errno
import warnings
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import loky
import pytest
import xarray as xr

from site_gen import paths
from site_gen.errors import BuildError
from site_gen.pipeline import failures, stages
from site_gen.pipeline.unit import MOST, Failed, Made, Unit, work
from site_gen.pipeline.workers import Processes


class Silent(Exception):
    """Cannot say what is wrong."""

    def __str__(self) -> str:
        raise ValueError


RAISED = {
    "exit": SystemExit(0),
    "interrupt": KeyboardInterrupt(),
    "memory": MemoryError(),
    "silent": Silent(),
    "long": ValueError("x" * 10 * MOST),
}


def stumble(how: str, inputs: dict) -> None:
    """What a unit calls: raises."""
    raise RAISED[how]


def warn(count: int, inputs: dict) -> dict[str, bytes]:
    """What a unit calls: warns, twice at one line."""
    for _ in range(2):
        warnings.warn(f"careful with {count}", RuntimeWarning, stacklevel=1)
    return {}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("exit", "SystemExit: 0"),
        ("interrupt", "KeyboardInterrupt"),
        ("memory", "MemoryError"),
        ("silent", "<exception str() failed>"),
        ("long", "xx …"),
    ],
)
def test_nothing_that_is_raised_ends_the_build(how: str, said: str) -> None:
    answer = work(f"{__name__}:stumble", (how,), {})
    assert isinstance(answer, Failed) and not answer.expected
    assert answer.message.endswith(said) and len(answer.message) < 2 * MOST
    assert "Traceback" in answer.trace


def test_warnings_come_back_once_each_with_file_and_line(recwarn: pytest.WarningsRecorder) -> None:
    answer = work(f"{__name__}:warn", (3,), {})
    assert isinstance(answer, Made) and not recwarn
    (said,) = answer.warnings
    assert "test_unit.py:" in said and said.endswith("RuntimeWarning: careful with 3")


def unit(point: str, study: str = "coin") -> Unit:
    return Unit(
        name=f"full/{study}/{point}", kind="result", subject=study, function="", folder="", code=""
    )


def test_what_differs_only_in_its_point_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "FAILURES", tmp_path)
    at, elsewhere = (
        "  experiments/studies/coin.py:9, in run",
        "  experiments/studies/coin.py:7, in run",
    )
    found = failures.told(
        [
            (unit("a"), Failed("ValueError: 1 is wrong", False, at, "Traceback")),
            (unit("b"), Failed("coin.py:3: `run` gave a dict for the point 'b'; mend it", True)),
            (unit("c"), Failed("ValueError: 2 is wrong", False, at, "Traceback")),
            (unit("d"), Failed("coin.py:3: `run` gave a dict for the point 'd'; mend it", True)),
            (unit("e"), Failed("ValueError: 1 is wrong", False, elsewhere, "Traceback")),
        ]
    )
    assert [said.splitlines()[0] for said in found] == [
        "coin.py:3: `run` gave a dict for the point 'b'; mend it (and 1 more alike)",
        "result coin/e: ValueError: 1 is wrong",
        "result coin/a: ValueError: 1 is wrong (and 1 more alike)",
    ]


def test_what_several_studies_stumble_over_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "FAILURES", tmp_path)
    shared = "\n  experiments/data/images.py:66, in load\n    raise ValueError"
    missing = [
        (
            unit(point, study),
            Failed("ValueError: no data", False, f"  {study}.py:9, in run{shared}", "…"),
        )
        for study in ("coin", "dice")
        for point in ("a", "b")
    ]
    (said,) = failures.told(missing)
    assert said.startswith("result coin/a: ValueError: no data (and 3 more alike)\n")
    other = Failed("ValueError: wrong data", False, f"  cards.py:9, in run{shared}", "…")
    assert len(failures.told([*missing, (unit("a", "cards"), other)])) == 2


def test_a_mistake_that_is_known_is_told_as_it_is() -> None:
    RAISED["known"] = BuildError("mend this")
    assert work(f"{__name__}:stumble", ("known",), {}).expected


def test_a_full_disk_for_temporary_files_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(inputs: dict) -> dict:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stages, "pages", fails)
    failed = work("site_gen.pipeline.stages:pages", (), {})
    assert failed.expected and "is full" in failed.message and "TMPDIR" in failed.message


@pytest.mark.parametrize(
    "error", [OSError(errno.EROFS, "Read-only file system"), ImportError("no sem_open")]
)
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
        __file__=str(paths.STUDIES / "anatomy.py"),
        FULL=stages.Profile(),
        points=lambda setup: {"one": partial(xr.Dataset, {"heads": ("run", [])})},
    )
    monkeypatch.setattr(stages, "load", lambda name: study)
    with pytest.raises(
        BuildError,
        match=r"studies/anatomy.py:\d+: the result of the point 'one' has nothing along 'run'",
    ):
        stages.result("coin", "one", ("full", None, ()), {})
