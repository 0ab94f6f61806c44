"""Quick results of every study, run once for all tests that need them."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import xarray as xr

from experiments import study as studies
from site_gen.storage import dataset_to_bytes

NAMES = studies.names()


@cache
def points(name: str) -> dict:
    """The quick profile's points of a study."""
    study = module(name)
    return study.points(study.QUICK)


@cache
def parts(name: str) -> dict[str, xr.Dataset]:
    """The quick profile's results of a study, point by point."""
    return {key: module(name).run(point) for key, point in points(name).items()}


@cache
def results(name: str) -> xr.Dataset:
    """The quick profile's results of a study as its claims and figures get them: stored, read back, merged."""
    import io

    def stored(part: xr.Dataset) -> xr.Dataset:
        return xr.open_dataset(io.BytesIO(dataset_to_bytes(part)), engine="scipy").load()

    return studies.combine({key: stored(part) for key, part in parts(name).items()})


def module(name: str) -> ModuleType:
    """The study's module."""
    return studies.load(name)
