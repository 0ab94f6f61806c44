"""Where things lie: sources at the top of the repository, results under `build/` and `site/`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
STUDIES = ROOT / "experiments" / "studies"
RECORDED = ROOT / "experiments" / "recorded"  # results that took too long to make in every build
THEME = ROOT / "site_gen" / "theme" / "overrides"  # what the site adds to Material
CONFIG = ROOT / "mkdocs.yml"
BUILD = ROOT / "build"
RECORD = BUILD / "record"  # what the pipeline remembers of the last build
LOCK = BUILD / "lock"
FAILURES = BUILD / "failures"  # whole tracebacks, a file for each unit that failed
RENDERED = BUILD / "docs"  # plain Markdown with figures: what any MkDocs can read
HTML = BUILD / "html"  # pages as MkDocs left them, a folder for each block of pages
SITE = ROOT / "site"


def result(label: str, study: str, point: str) -> Path:
    """The stored result of one point of a study; `label` names the settings."""
    return BUILD / "results" / label / study / f"{point}.nc"


def recorded(label: str, study: str, point: str) -> Path:
    """The recorded result of one point, for studies that take too long for every build."""
    return RECORDED / study / label / f"{point}.nc"


def measures(label: str, study: str) -> Path:
    """The measured claims and values of a study."""
    return BUILD / "measures" / label / f"{study}.json"


def media(label: str, figure: str) -> Path:
    """The folder with all files of a figure, still or moving."""
    return BUILD / "figures" / label / figure


def relative(path: Path) -> str:
    """A path as messages show it: from the top of the repository where it lies inside."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


# Hidden files, and what editors, merges and systems leave beside the sources.
LEFTOVER = re.compile(
    r"[.#~].*|.*~|.*\.(bak|orig|rej|sw[a-z]|tmp|pyc)|__pycache__|thumbs\.db|desktop\.ini|icon\r",
    re.I,
)


def is_source(name: str) -> bool:
    """Whether a file of this name is a source, and no leftover."""
    return not LEFTOVER.fullmatch(name)


def sources(folder: Path) -> Iterator[Path]:
    """All sources below a folder, in alphabetical order of their paths."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not is_source(path.name):
            continue
        if path.is_dir():
            yield from sources(path)
        elif path.is_file():
            yield path
