"""Bring units up to date: the parent reads inputs, sends bytes to workers and stores outputs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from site_gen import files, paths
from site_gen.errors import BuildError
from site_gen.files import Hashes
from site_gen.pipeline import site_folder
from site_gen.pipeline.fingerprint import digest
from site_gen.pipeline.progress import Display, rank
from site_gen.pipeline.record import Record
from site_gen.pipeline.unit import MEDIA, Failed, Made, Unit, work
from site_gen.pipeline.workers import Cluster, Here, Processes, is_lost

LIVES = 3  # how often a unit may lose its worker before it counts as the cause
LOOK = 0.5  # seconds between refreshes of the time left


@dataclass
class Outcome:
    """What became of the units.

    Attributes
    ----------
    made, kept : list of Unit
    failures : list of (Unit, Failed)
    left_out : list of Unit
        Those that depend on a failure.
    seconds : float
        That workers spent in units, added up.
    warnings : dict
        Python's warning → the units that caused it.
    """

    made: list[Unit] = field(default_factory=list)
    kept: list[Unit] = field(default_factory=list)
    failures: list[tuple[Unit, Failed]] = field(default_factory=list)
    left_out: list[Unit] = field(default_factory=list)
    seconds: float = 0.0
    warnings: dict[str, list[Unit]] = field(default_factory=dict)


class State:
    """What is known of each unit's files: from the record of the last build, and from the disk.

    Parameters
    ----------
    units : iterable of Unit
        All units of the plan, so that folders can be traced to what made them.
    """

    def __init__(self, units: Iterator[Unit] | list[Unit], record: Record, hashes: Hashes) -> None:
        self.record, self.hashes = record, hashes
        # path of a file, or of a folder whose files are not known before → unit
        self.makers: dict[str, Unit] = {}
        for unit in units:
            places = [unit.folder + name for name in unit.outputs] or [unit.folder]
            self.makers |= dict.fromkeys(places, unit)

    def maker(self, path: str) -> Unit | None:
        """The unit that makes a file or folder; None for a source."""
        if path in self.makers:
            return self.makers[path]
        folder = path
        while "/" in folder.rstrip("/"):
            folder = folder.rstrip("/").rpartition("/")[0] + "/"
            if folder in self.makers and not self.makers[folder].outputs:
                return self.makers[folder]
        return None

    def needs(self, unit: Unit) -> set[str]:
        """The names of the units that must come first."""
        found = {maker.name for path in unit.needs() if (maker := self.maker(path))}
        return found - {unit.name}

    def known(self, unit: Unit) -> dict[str, Any] | None:
        """The record of the last time that a unit was made."""
        return self.record.get(f"made {unit.name}")

    def copies(self, unit: Unit) -> dict[str, str]:
        """Name in the unit's folder → path of the file copied there; folders are expanded."""
        found = {}
        for path, name in unit.copies.items():
            if not path.endswith("/"):
                found[name] = path
                continue
            maker = self.maker(path)
            for one in (self.known(maker) or {"outputs": {}})["outputs"]:
                if site_folder.is_published(one):
                    found[one] = path + one
        return found

    def listing(self, unit: Unit) -> dict[str, bytes]:
        """Size and hash of the files that a unit lists but does not read, as one input."""
        if not unit.listed:
            return {}
        about = [
            {
                "path": path,
                "bytes": (paths.ROOT / path).stat().st_size,
                "sha256": self.hashes.of(path),
            }
            for path in unit.listed
        ]
        return {MEDIA: json.dumps(about).encode()}

    def digest_of_inputs(self, unit: Unit) -> str:
        """One hash of all files that a unit takes."""
        taken = [
            *unit.inputs.items(),
            *self.copies(unit).items(),
            *((path, path) for path in unit.listed),
        ]
        return digest(
            *(text for name, path in taken for text in (name, self.hashes.of(path) or ""))
        )

    def makings(self, unit: Unit) -> str:
        """One hash of everything else that determines a unit: neither inputs nor code."""
        return digest(
            unit.function,
            json.dumps(unit.arguments),
            json.dumps(unit.facts, sort_keys=True),
            unit.folder,
        )

    def is_current(self, unit: Unit) -> bool:
        """Whether a unit's outputs are what it would make now."""
        return not self.reasons(unit)

    def reasons(self, unit: Unit) -> list[str]:
        """Why a unit would be made again, in words; empty if it would not."""
        known = self.known(unit)
        if not known:
            return ["it was not made yet"]
        reasons = self._changes_of_code(known["code"], unit.code)
        reasons += _changed(known["facts"], unit.facts)
        if not reasons and known["makings"] != self.makings(unit):
            reasons.append("what it is told to do changed")
        if known["inputs"] != self.digest_of_inputs(unit):
            inputs = unit.inputs | {path: path for path in unit.listed}
            now = {name: self.hashes.of(path) or "" for name, path in inputs.items()}
            reasons += _changed(known.get("taken", {}), now, unit.inputs) or [
                "a file that it copies changed"
            ]
        for name, sha in known["outputs"].items():
            found = self.hashes.of(unit.folder + name)
            if found != sha:
                fate = "is missing" if found is None else "was changed by somebody else"
                reasons.append(f"{unit.folder}{name} {fate}")
                break
        if unit.outputs and {*unit.outputs} - known["outputs"].keys():
            reasons.append("it makes other files now")
        return reasons

    def _changes_of_code(self, before: str, now: str) -> list[str]:
        if before == now:
            return []
        old, new = (self.record.get(f"code {one}") or {} for one in (before, now))
        return _changed(old, new) or ["its code changed"]


def _changed(
    before: dict[str, Any], now: dict[str, Any], names: dict[str, str] | None = None
) -> list[str]:
    words = {
        (True, True): "changed",
        (True, False): "is no longer a part",
        (False, True): "is a new part",
    }
    return [
        f"{(names or {}).get(name, name)} {words[name in before, name in now]}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]


class Build:
    """One run over some units.

    Parameters
    ----------
    state : State
        Of all units of the plan.
    units : list of Unit
        Those to bring up to date, with all that they need.
    workers : Processes, Here or Cluster
        Where units run; started only if there is work.
    """

    def __init__(
        self, state: State, units: list[Unit], workers: Processes | Here | Cluster, display: Display
    ) -> None:
        self.state, self.display, self.workers = state, display, workers
        self.units = {unit.name: unit for unit in units}
        self.needs = {
            name: state.needs(unit) & self.units.keys() for name, unit in self.units.items()
        }
        self.outcome = Outcome()
        self.ready: list[Unit] = []
        self.running: dict[Future, Unit] = {}
        self.lives: dict[str, int] = {}
        self.suspects: list[Unit] = []
        self.executor: Executor | None = None

    def run(self) -> Outcome:
        """Bring everything up to date; what fails stops only what depends on it.

        Raises
        ------
        BuildError
            If nothing can go on: a full disk, no scheduler.
        KeyboardInterrupt
            After Ctrl-C or SIGTERM, once the workers are stopped.
        """
        order = TopologicalSorter(self.needs)
        try:
            order.prepare()
        except CycleError as error:
            raise BuildError(f"units wait for each other: {' → '.join(error.args[1])}") from None
        try:
            self._loop(order)
        finally:
            self._stop()
        done = {unit.name for unit in (*self.outcome.made, *self.outcome.kept)}
        failed = {unit.name for unit, _ in self.outcome.failures}
        self.outcome.left_out = [
            one for name, one in self.units.items() if name not in done | failed
        ]
        return self.outcome

    def _loop(self, order: TopologicalSorter) -> None:
        ranks: dict[str, float] | None = None
        while order.is_active():
            names = order.get_ready()
            for name in names:
                unit = self.units[name]
                if self.state.is_current(unit):
                    self.outcome.kept.append(unit)
                    self.display.kept(unit)
                    order.done(name)
                else:
                    self.ready.append(unit)
            if names:
                continue
            if not (self.ready or self.suspects or self.running):
                break  # what is left waits for a failure
            if ranks is None:
                ranks = rank(self.units, self.needs, self.display.expected)
            self.ready.sort(key=lambda unit: -ranks[unit.name])
            self._submit()
            for future in wait(self.running, LOOK, FIRST_COMPLETED).done:
                self._finish(future, order)
            self._look_after_cluster()
            self.display.refresh()

    def _submit(self) -> None:
        if self.executor is None:
            self.executor = self.workers.start()
        # a unit that lost its worker runs alone, to find out whether it is the cause
        if self.suspects:
            if not self.running:
                self._start(self.suspects.pop())
            return
        while self.ready and len(self.running) <= self.workers.count:
            self._start(self.ready.pop(0))

    def _start(self, unit: Unit) -> None:
        inputs = {name: files.read(paths.ROOT / path) for name, path in unit.inputs.items()}
        inputs |= self.state.listing(unit)
        try:
            future = self.executor.submit(work, unit.function, unit.arguments, inputs)
        except RuntimeError as error:  # the executor broke since it was last looked at
            if not is_lost(error):
                raise
            self._restart([unit])
            return
        self.running[future] = unit
        self.display.started(unit)

    def _finish(self, future: Future, order: TopologicalSorter) -> None:
        if future not in self.running:
            return
        unit = self.running.pop(future)
        error = CancelledError() if future.cancelled() else future.exception()
        if error is not None:
            if not is_lost(error):
                raise error
            lost = [unit, *self.running.values()] if isinstance(self.workers, Processes) else [unit]
            self._restart(lost)
            return
        answer = future.result()
        if isinstance(answer, Failed):
            self.outcome.failures.append((unit, answer))
            self.display.failed(unit)
            return
        self._store(unit, answer)
        order.done(unit.name)

    def _look_after_cluster(self) -> None:
        if isinstance(self.workers, Cluster):
            self.workers.check()

    def _restart(self, lost: list[Unit]) -> None:
        """Start new workers; interrupted units run again, one at a time."""
        self._look_after_cluster()
        if isinstance(self.workers, Processes):
            self.running.clear()
            with suppress(Exception):
                self.workers.stop(self.executor)
            self.executor = None
        for unit in lost:
            self.display.stopped(unit)
            self.lives[unit.name] = self.lives.get(unit.name, 0) + 1
            if self.lives[unit.name] < LIVES:
                self.suspects.append(unit)
            else:
                times = f"{LIVES} times, each time during this; run it alone"
                said = f"{unit.kind} {unit.title}: {self.workers.lost} {times}"
                self.outcome.failures.append((unit, Failed(said, expected=True)))
                self.display.failed(unit)

    def _store(self, unit: Unit, made: Made) -> None:
        """Write the outputs, record them, and only then report them."""
        copies = {
            name: path for name, path in self.state.copies(unit).items() if name not in made.outputs
        }
        known = self.state.known(unit) or {"outputs": {}}
        written = store(unit, made.outputs, copies, known["outputs"].keys(), self.state.hashes)
        about = {
            "code": unit.code,
            "facts": unit.facts,
            "makings": self.state.makings(unit),
            "inputs": self.state.digest_of_inputs(unit),
            "taken": {
                name: self.state.hashes.of(path) or ""
                for name, path in (unit.inputs | {path: path for path in unit.listed}).items()
            },
            "outputs": written,
            "seconds": round(made.seconds, 2),
        }
        self.state.record.note(f"made {unit.name}", about)
        self.outcome.made.append(unit)
        for said in made.warnings:
            self.outcome.warnings.setdefault(said, []).append(unit)
        self.outcome.seconds += made.seconds
        self.display.made(unit, made.seconds)

    def _stop(self) -> None:
        if self.executor is not None:
            self.workers.stop(self.executor)
            self.executor = None


def store(
    unit: Unit, outputs: dict[str, bytes], copies: dict[str, str], before: Any, hashes: Hashes
) -> dict[str, str]:
    """Write a unit's outputs and copies to its folder, and remove what only earlier builds wrote.

    Returns
    -------
    dict
        Name → SHA-256.
    """
    wanted = {*outputs, *copies}
    for name in wanted:
        if not re.fullmatch(r"[^/\\]+(/[^/\\]+)*", name) or ".." in name.split("/"):
            raise BuildError(
                f"{unit.kind} {unit.title} would write {name!r}, which is outside its folder"
            )
    top = paths.ROOT / unit.folder
    is_site = unit.kind == "site"
    gone = ({*before} | (site_folder.listed(top) if is_site else set())) - wanted
    if is_site:
        site_folder.claim(top, wanted | gone)
    written = {}
    for name in sorted(wanted):
        path = unit.folder + name
        sha = (
            hashlib.sha256(outputs[name]).hexdigest()
            if name in outputs
            else hashes.of(copies[name])
        )
        if hashes.of(path) != sha:
            content = outputs[name] if name in outputs else files.read(paths.ROOT / copies[name])
            files.write_if_changed(paths.ROOT / path, content)
            hashes.wrote(path, sha)
        written[name] = sha
    files.remove((top / name for name in gone), top)
    for name in gone:
        hashes.forget(unit.folder + name)
    if is_site:
        site_folder.claim(top, wanted)
    return written
