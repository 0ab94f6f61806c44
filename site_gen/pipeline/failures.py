"""How failures are told: each once, the study's own frames first, the rest in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from site_gen import files, paths
from site_gen.pipeline.unit import Failed, Unit


def told(failures: Iterable[tuple[Unit, Failed]]) -> list[str]:
    """One message for all units of a subject that failed alike."""

    def alike(failure: tuple[Unit, Failed]) -> tuple[str, str, str, str]:
        unit, failed = failure
        return (
            ("", "", failed.message, "")
            if failed.expected
            else (unit.kind, unit.subject, failed.message, failed.own)
        )

    found = []
    for (kind, _, message, own), group in groupby(sorted(failures, key=alike), key=alike):
        units = [unit for unit, _ in group]
        others = f" (and {len(units) - 1} more alike)" if len(units) > 1 else ""
        if not kind:
            found.append(f"{message}{others}")
            continue
        first = next(failed for unit, failed in failures if unit is units[0])
        file = paths.FAILURES / (re.sub(r"[^\w.-]+", "-", units[0].name) + ".txt")
        files.write_if_changed(file, first.trace.encode())
        frames = f"\n{own}" if own else ""
        found.append(
            f"{kind} {units[0].title}: {message}{others}{frames}\nThe whole traceback is in {paths.relative(file)}"
        )
    return found
