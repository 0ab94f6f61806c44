"""Quick results of every study, computed once for all tests and workers."""

from __future__ import annotations

import io
import shutil
from functools import cache
from pathlib import Path
from types import ModuleType

import xarray as xr
from filelock import FileLock

from experiments import catalogue as studies
from experiments.results import combine
from experiments.study import work
from site_gen.storage import dataset_to_bytes

NAMES = studies.names()
_folder: Path | None = None


def share(folder: Path) -> None:
    """Keep results in `folder`, the same for all workers of a test run.

    `tests/conftest.py` calls this first.
    """
    global _folder
    folder.mkdir(parents=True, exist_ok=True)
    _folder = folder


def module(name: str) -> ModuleType:
    """The study's module."""
    return studies.load(name)


@cache
def points(name: str) -> dict:
    """The quick profile's points of a study, those with many runs in groups."""
    study = module(name)
    return work(study, study.QUICK)


@cache
def stored(name: str) -> dict[str, bytes]:
    """The quick profile's results of a study as they are stored, point by point.

    The first worker that asks runs the study; the others wait for it.
    """
    assert _folder is not None, "share() comes before the first result"
    done = _folder / name
    with FileLock(_folder / f"{name}.lock"):
        if not done.exists():
            _run(name, done)
    return {key: (done / f"{key}.nc").read_bytes() for key in points(name)}


def _run(name: str, done: Path) -> None:
    """Run all points of a study. One that fails halfway leaves nothing that looks finished."""
    unfinished = done.with_name(f"{name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for key, point in points(name).items():
        part = point()
        content = dataset_to_bytes(part)
        # What tests read back is what the study returned.
        xr.testing.assert_equal(_read(content), part)
        (unfinished / f"{key}.nc").write_bytes(content)
    unfinished.rename(done)


def _read(content: bytes) -> xr.Dataset:
    return xr.open_dataset(io.BytesIO(content), engine="scipy").load()


@cache
def parts(name: str) -> dict[str, xr.Dataset]:
    """The quick profile's results of a study, point by point."""
    return {key: _read(content) for key, content in stored(name).items()}


@cache
def results(name: str) -> xr.Dataset:
    """The quick profile's results of a study as its claims and figures get them."""
    return combine(parts(name))
