"""Recorded results, for what takes too long in every build; valid while its code is unchanged.

Beside each result lies a JSON with its fingerprint: the definitions that the point reaches and its
values. Versions of libraries are noted but do not count; each build runs one point again to check
that they give the same numbers.
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass, field, replace
from typing import Any

from site_gen import paths
from site_gen.files import Hashes, read
from site_gen.pipeline.fingerprint import digest, fingerprint
from site_gen.pipeline.unit import Unit


@dataclass(frozen=True)
class Entry:
    """One recorded point: its unit, its definitions, and its tolerance on other processors."""

    unit: Unit
    parts: dict[str, str]
    tolerance: float

    @property
    def fingerprint(self) -> str:
        """What the result is made of."""
        return digest(fingerprint(self.parts), self.unit.facts["point"])

    @property
    def file(self) -> str:
        """Where the result is, from the top of the repository."""
        label = self.unit.name.split("/")[0]
        return paths.relative(paths.recorded(label, self.unit.subject, self.unit.arguments[1]))

    @property
    def about(self) -> str:
        """The file that says where the result comes from."""
        return self.file.removesuffix(".nc") + ".json"

    def outdated(self, hashes: Hashes) -> str:
        """Why the recorded result cannot be used; empty if it can."""
        if hashes.of(self.file) is None or hashes.of(self.about) is None:
            return "is not recorded yet"
        try:
            known = json.loads(read(paths.ROOT / self.about))
            if known["sha256"] != hashes.of(self.file):
                return "is damaged"
            if known["fingerprint"] == self.fingerprint:
                return ""
            before = known["parts"]
        except (ValueError, KeyError, TypeError):
            return "is damaged"
        changed = [
            name
            for name in sorted(before.keys() | self.parts.keys())
            if before.get(name) != self.parts.get(name)
        ]
        return f"was recorded before a change of {changed[0] if changed else 'its settings'}"


@dataclass
class Unfit:
    """All recorded points of a profile."""

    entries: list[Entry] = field(default_factory=list)

    def note(self, unit: Unit, parts: dict[str, str], tolerance: float) -> None:
        """Add a point."""
        self.entries.append(Entry(unit, parts, tolerance))

    def told(self, study: str) -> dict[str, Any]:
        """The facts that pages state about a study's recorded results; empty if it has none.

        Returns
        -------
        dict
            `recorded`: `points`, their names; `seconds`, in all; `machines`, where they were made.
        """
        found = {
            entry.unit.arguments[1]: json.loads(read(paths.ROOT / entry.about))
            for entry in self.entries
            if entry.unit.subject == study
        }
        if not found:
            return {}
        seconds = round(sum(one["seconds"] for one in found.values()), 1)
        machines = sorted({one["machine"] for one in found.values()})
        return {"recorded": {"points": sorted(found), "seconds": seconds, "machines": machines}}

    def judge(self, hashes: Hashes) -> tuple[dict[str, str], Unit | None]:
        """Why a study's recorded results cannot be used, and the one point to run again.

        The point is chosen by a hash of the machine's name and of the code of all recorded points,
        so that every change and every machine checks a different one.
        """
        stale: dict[str, str] = {}
        for entry in self.entries:
            if said := entry.outdated(hashes):
                study, point = entry.unit.subject, entry.unit.arguments[1]
                remedy = f"run `make record ID={study}`"
                fault = f"experiments/recorded/{study}: the result of {point!r} {said}: {remedy}"
                stale.setdefault(study, fault)
        usable = [entry for entry in self.entries if entry.unit.subject not in stale]
        if not usable:
            return stale, None
        code = digest(platform.node(), *(entry.fingerprint for entry in usable))
        return stale, _check(usable[int(code, 16) % len(usable)])


def _check(entry: Entry) -> Unit:
    study, point, profile = entry.unit.arguments
    return replace(
        entry.unit,
        name=f"{entry.unit.name} again",
        kind="check",
        function="site_gen.pipeline.stages:check",
        arguments=(study, point, profile, entry.tolerance),
        inputs={"recorded.nc": entry.file},
        folder=f"build/checks/{entry.unit.name.split('/')[0]}/{study}/",
        outputs=(f"{point}.json",),
        facts=entry.unit.facts | {"tolerance": repr(entry.tolerance)},
    )


def to_record(
    entries: list[Entry], study: str, hashes: Hashes, versions: dict[str, str]
) -> list[Unit]:
    """The units that record a study's results that are missing or out of date."""
    return [
        _recording(entry, versions)
        for entry in entries
        if entry.unit.subject == study and entry.outdated(hashes)
    ]


def _recording(entry: Entry, versions: dict[str, str]) -> Unit:
    study, point, profile = entry.unit.arguments
    provenance: dict[str, Any] = {
        "fingerprint": entry.fingerprint,
        "parts": entry.parts,
        "versions": versions,
    }
    return replace(
        entry.unit,
        name=f"{entry.unit.name} recorded",
        kind="record",
        function="site_gen.pipeline.stages:record",
        arguments=(study, point, profile, provenance),
        folder=entry.file.rpartition("/")[0] + "/",
        outputs=(f"{point}.nc", f"{point}.json"),
    )
