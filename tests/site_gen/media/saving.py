"""The files of a drawn figure on disk, for tests that open them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from site_gen.media.still import Drawn


@dataclass(frozen=True)
class Saved:
    """The files in the order in which they were drawn, and the size of the picture."""

    files: tuple[Path, ...]
    width: int
    height: int


def save(draw: Callable[..., Drawn], folder: Path, *arguments: Any, **options: Any) -> Saved:
    """Draw, and write every file into the folder."""
    drawn = draw(*arguments, **options)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in drawn.files.items():
        (folder / name).write_bytes(content)
    return Saved(tuple(folder / name for name in drawn.files), drawn.width, drawn.height)
