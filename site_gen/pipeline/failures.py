"""How failures are told: each once, the study's own frames first, the rest in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from site_gen import files, paths
from site_gen.pipeline.unit import Failed, Unit


def told(failures: Iterable[tuple[Unit, Failed]]) -> list[str]:
    """One message for all units that failed alike.

    Points of a study that fail at one line may differ in the numbers of the message, and in their
    own names; studies that fail at one line of what they share do not.
    """

    def alike(failure: tuple[Unit, Failed]) -> tuple[str, str, str]:
        unit, failed = failure
        if failed.expected:
            return "", "", failed.message.replace(repr(unit.title.rpartition("/")[2]), "")
        return unit.kind, unit.subject, failed.own or failed.message

    groups: dict[tuple[str, ...], list[tuple[Unit, Failed]]] = {}
    for _, those in groupby(sorted(failures, key=alike), key=alike):
        first, *others = those
        innermost = first[1].own.splitlines()[-2:]
        groups.setdefault((first[1].message, *innermost), []).extend([first, *others])
    found = []
    for (unit, failed), *rest in groups.values():
        others = f" (and {len(rest)} more alike)" if rest else ""
        if failed.expected:
            found.append(f"{failed.message}{others}")
            continue
        file = paths.FAILURES / (re.sub(r"[^\w.-]+", "-", unit.name) + ".txt")
        files.write_if_changed(file, failed.trace.encode())
        frames = f"\n{failed.own}" if failed.own else ""
        found.append(
            f"{unit.kind} {unit.title}: {failed.message}{others}{frames}\n"
            f"The whole traceback is in {paths.relative(file)}"
        )
    return found
