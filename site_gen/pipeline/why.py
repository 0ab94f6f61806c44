"""Why a unit would be made again: what it is made of now against what it was made of last time."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from site_gen import files, paths
from site_gen.errors import BuildError
from site_gen.pipeline.units import Unit, output_paths
from site_gen.storage import json_to_bytes, read_json

if TYPE_CHECKING:
    from site_gen.pipeline.build import Plan

MEMORY = paths.STATE / "parts"


def remember(task: Unit) -> None:
    """Note what a unit was made of, when it has just been made."""
    files.write_if_changed(_note(task), json_to_bytes(task.parts))


def changes(task: Unit) -> list[str]:
    """What has changed since a unit was made, in words; empty if it is up to date as far as its own parts go."""
    missing = [path for path in output_paths(task) if not path.exists()]
    if missing:
        return [f"{paths.relative(missing[0])} is missing"]
    if not _note(task).is_file():
        return ["it was not made by this pipeline yet"]
    before = read_json(_note(task))
    names = sorted(before.keys() | task.parts.keys())
    words = {(True, True): "changed", (True, False): "is no longer a part", (False, True): "is a new part"}
    return [f"{name} {words[name in before, name in task.parts]}" for name in names
            if before.get(name) != task.parts.get(name)]  # fmt: skip


def explain(plan: Plan, identifier: str, console: Console) -> None:
    """Print, for a study, a figure, "pages" or "site", which units are stale and why, and what they are made of.

    Raises
    ------
    BuildError
        If there is nothing of that name.
    """
    if identifier in plan.studies:
        units = plan.studies[identifier]
    elif identifier in plan.drawings:
        units = plan.upto("figure", identifier)
    elif identifier in ("pages", "site"):
        units = plan.upto(identifier)
    else:
        known = ", ".join([*plan.studies, *plan.drawings, "pages", "site"])
        raise BuildError(f"there is no study, figure or stage {identifier!r}; there are: {known}")
    stale = 0
    for task in units:
        found = changes(task)
        stale += bool(found)
        for line in found:
            console.print(f"stale  {task.name}: {line}", soft_wrap=True)
    console.print(f"{len(units) - stale} of {len(units)} units are up to date in themselves; one is also made again when "
                  "its inputs are.\n", soft_wrap=True)  # fmt: skip
    console.print(f"{units[-1].name} is made of:", soft_wrap=True)
    for name, value in units[-1].parts.items():
        console.print(f"  {name}  {value[:12] if len(value) == 64 else value}", soft_wrap=True)


def _note(task: Unit) -> Path:
    return MEMORY / f"{hashlib.sha256(task.name.encode()).hexdigest()[:20]}.json"
