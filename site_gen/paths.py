"""Where things lie: sources at the top of the repository, everything that is made under `build/` and `site/`."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
STUDIES = ROOT / "experiments" / "studies"
BUILD = ROOT / "build"
RENDERED = BUILD / "docs"  # what MkDocs reads
SITE = ROOT / "site"
STATE = BUILD / "state"  # what the pipeline remembers of earlier builds


def result(profile: str, study: str, point: str) -> Path:
    """The stored result of one point of a study."""
    return BUILD / "results" / profile / study / f"{point}.nc"


def measures(profile: str, study: str) -> Path:
    """The measured claims and values of a study."""
    return BUILD / "measures" / profile / f"{study}.json"


def media(profile: str, figure: str) -> Path:
    """The folder with all files of a figure or an animation."""
    return BUILD / "figures" / profile / figure


def relative(path: Path) -> str:
    """A path as messages show it: from the top of the repository where it lies inside."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
