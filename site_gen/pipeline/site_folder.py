"""`site/` may be somebody's repository: only what an earlier build wrote there is ever removed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from site_gen import files

MANIFEST = ".manifest.json"  # what of the folder is ours; hidden, so that no server shows it


def is_published(name: str) -> bool:
    """Whether a file of an earlier stage goes into the site: no Markdown, no partial index."""
    return not name.endswith(".md") and not name.startswith("search/")


def listed(site: Path) -> set[str]:
    """The files of the folder that a build wrote; none if that is not known."""
    try:
        found = json.loads((site / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return set()
    names = [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
    return {name for name in names if not {"", ".", ".."} & {*name.split("/")} and "\0" not in name}


def claim(site: Path, names: Iterable[str]) -> None:
    """List our files before they are written, so that the next build can clean up a killed one."""
    files.write_if_changed(site / MANIFEST, (json.dumps(sorted(names), indent=0) + "\n").encode())


def clear(site: Path) -> list[str]:
    """Remove what builds wrote, and the folder if it is empty then; return the other names in it.

    A link to a folder elsewhere belongs to the user and stays.
    """
    if not site.is_dir():
        return []
    files.remove((site / name for name in listed(site)), site)
    (site / MANIFEST).unlink(missing_ok=True)
    others = sorted(path.name for path in site.iterdir())
    if not others and not site.is_symlink():
        site.rmdir()
    return others
