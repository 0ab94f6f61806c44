"""The figures and animations that exist, found by their files' names."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from experiments.suggest import unknown
from site_gen.errors import BuildError
from site_gen.paths import ROOT, relative, sources

FOLDERS = {"figure": ROOT / "site_gen" / "figures", "animation": ROOT / "site_gen" / "animations"}
THEMES = {"light": "", "dark": "-dark"}  # what a file's name ends in, before its format
SUFFIXES = {
    "figure": (
        *(f"{theme}{form}" for form in (".svg", ".png") for theme in THEMES.values()),
        ".pdf",
        ".csv",
    ),
    "animation": (
        *(
            f"{theme}{form}"
            for form in (".webm", ".mp4", ".gif", ".png")
            for theme in THEMES.values()
        ),
        ".csv",
    ),
}


ID = re.compile(r'^ID = "([a-z0-9-]+)"$', re.MULTILINE)


@dataclass(frozen=True)
class Drawing:
    """A figure or an animation that the repository declares.

    Attributes
    ----------
    id : str
        The file's name with hyphens: `anatomy__eps.py` → "anatomy-eps". A file may set another,
        `ID = "anatomy-eps"`, to keep a figure's address when its study is renamed.
    kind : str
        "figure" or "animation".
    path : Path
        The declaring file.
    """

    id: str
    kind: str
    path: Path

    @property
    def study(self) -> str:
        """The study whose results it draws: the file's name before the double underscore."""
        return self.path.stem.partition("__")[0]

    @property
    def module_name(self) -> str:
        return f"site_gen.{self.path.parent.name}.{self.path.stem}"

    def module(self) -> ModuleType:
        """Import the declaring module."""
        return importlib.import_module(self.module_name)

    def files(self, draft: bool = False) -> tuple[str, ...]:
        """The names of its published files; a draft has no PDF, which takes longest to make."""
        wanted = (suffix for suffix in SUFFIXES[self.kind] if not (suffix == ".pdf" and draft))
        return (*(self.id + suffix for suffix in wanted), f"{self.id}.json")


def drawings() -> dict[str, Drawing]:
    """All figures and animations by id, in alphabetical order."""
    return _look()[0]


def misplaced() -> dict[str, str]:
    """Id → the fault in the name or place of a file from which nothing can be drawn."""
    return _look()[1]


@cache
def _look() -> tuple[dict[str, Drawing], dict[str, str]]:
    found: dict[str, Drawing] = {}
    wrong: dict[str, str] = {}
    for kind, folder in FOLDERS.items():
        for path in sources(folder):
            if path.suffix != ".py" or path.name.startswith("_"):
                continue
            named = path.stem.replace("__", "-").replace("_", "-")
            declared = ID.search(path.read_text(encoding="utf-8-sig", errors="replace"))
            drawing = Drawing(declared[1] if declared else named, kind, path)
            study, separator, view = path.stem.partition("__")
            if path.parent != folder:
                wrong[drawing.id] = (
                    f"{relative(path)}: move the file to {relative(folder)}, or out of it"
                )
            elif not (study and separator and view and path.stem.isidentifier()):
                wrong[drawing.id] = (
                    f"{relative(path)}: name the file <study>__<view>.py, "
                    "with letters, digits and underscores, so that its study can be found"
                )
            elif other := found.get(drawing.id):
                both = f"{relative(path)} and {relative(other.path)}"
                wrong[drawing.id] = f"{both} share the id {drawing.id}: rename one of them"
            else:
                found[drawing.id] = drawing
    return dict(sorted(found.items())), wrong


def one_line(text: str) -> str:
    """A text that a figure wrote over several lines."""
    return re.sub(r"\s*\n\s*", " ", text).strip()


def forget() -> None:
    """Look at the folders again: a file was written there."""
    _look.cache_clear()


def find(identifier: str) -> Drawing:
    """The figure or animation with this id.

    Raises
    ------
    BuildError
        If there is none; the message says which was meant.
    """
    if identifier not in drawings():
        raise BuildError(unknown("figure", identifier, drawings()))
    return drawings()[identifier]
