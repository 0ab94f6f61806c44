"""Write `estimates.json`: how long units took here, for the first build on another machine."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from site_gen import files
from site_gen.errors import BuildError
from site_gen.pipeline.progress import ESTIMATES, estimates


def write(session: Any) -> Path:
    """Take the durations of a finished build of a plain profile.

    Raises
    ------
    BuildError
        If a unit of the profile was never made here.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for unit in session.plan.units.values():
        known = session.state.known(unit)
        if not known:
            raise BuildError(f"{unit.name} was never made here: build the site first")
        for name in (unit.kind, f"{unit.kind} {unit.subject}".strip()):
            found[name].append(known["seconds"])
    means = {name: round(sum(values) / len(values), 2) for name, values in sorted(found.items())}
    content = (
        json.dumps(estimates() | {session.profile.name: means}, indent=1, sort_keys=True) + "\n"
    )
    files.write_if_changed(ESTIMATES, content.encode())
    return ESTIMATES
