"""Results and measurements as bytes that depend on the content alone, not on place or time."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_gen.errors import BuildError
from site_gen.paths import relative

if TYPE_CHECKING:
    import xarray as xr


def dataset_to_bytes(results: xr.Dataset) -> bytes:
    """A data set as netCDF 3 (64-bit offset)."""
    return bytes(results.to_netcdf(None, engine="scipy", format="NETCDF3_64BIT"))


def dataset_from_bytes(content: bytes, name: str) -> xr.Dataset:
    """The data set that `dataset_to_bytes` was given.

    Raises
    ------
    BuildError
        If the bytes are no netCDF; `name` says whose they are.
    """
    import io

    import xarray as xr

    try:
        with xr.open_dataset(io.BytesIO(content), engine="scipy") as stored:
            return stored.load()
    except Exception as error:  # noqa: BLE001 - any error of the reader is due to the bytes
        raise BuildError(
            f"{name}: the stored result cannot be read ({error}). "
            f"Delete it and run the same command again."
        ) from None


def json_to_bytes(content: Any) -> bytes:
    """JSON with sorted keys, indented, infinities written as the strings "inf" and "-inf"."""
    text = json.dumps(
        _plain(content), indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False
    )
    return f"{text}\n".encode()


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    BuildError
        If the file is missing or broken.
    """
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BuildError(
            f"{relative(path)}: cannot be read ({error}). Mend or delete it and build again."
        ) from None


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if hasattr(content, "item"):  # a NumPy scalar
        return _plain(content.item())
    if isinstance(content, float) and math.isinf(content):
        return "inf" if content > 0 else "-inf"
    return content
