"""One command's view of the pipeline: the lock on the build folder, the plan and the record."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from experiments.profile import Profile
from experiments.suggest import same, unknown
from site_gen import files, paths
from site_gen.errors import BuildError
from site_gen.files import Hashes
from site_gen.pipeline import plan as planning
from site_gen.pipeline import run, workers
from site_gen.pipeline.progress import LAST, Display
from site_gen.pipeline.record import Record
from site_gen.pipeline.unit import Unit

# Interpreter option: the process of `serve` whose end ends the build.
PARENT = "parent"


class Session:
    """Plan and record of one command.

    Parameters
    ----------
    profile : Profile
        The settings in force.
    scheduler : str
        Address of a Dask scheduler, or "" for processes here.
    count : int or None
        How many processes; as many as there are cores by default.
    """

    def __init__(self, profile: Profile, scheduler: str = "", count: int | None = None) -> None:
        self.profile, self.scheduler, self.count = profile, scheduler, count
        self.record = Record(paths.RECORD)
        self.hashes = Hashes(self.record.get("files"))
        self.plan = planning.plan(profile, self.record, self.hashes)
        self.state = run.State(list(self.plan.units.values()), self.record, self.hashes)
        self.display = Display(self._duration, profile.name, count or workers.cores())

    def _duration(self, unit: Unit) -> float | None:
        known = self.record.get(f"made {unit.name}")
        return known and known["seconds"]

    def up_to_date(self, units: list[Unit], show: bool = True) -> run.Outcome:
        """Bring units up to date; the record is saved even if that stops half-way."""
        try:
            stale = self._stale(units)
            chosen = self._workers(stale)
            self.display.workers = chosen.count
            perhaps = {
                one.name for one in stale if one.kind == "html" and self.state.is_current(one)
            }
            self.display.expect(stale, len(units) - len(stale), show, perhaps)
            return run.Build(self.state, units, chosen, self.display).run()
        finally:
            self.display.stop()
            self.save()

    def recording(self, name: str) -> tuple[str, list[Unit]]:
        """A study by its id, and the units that record its missing or outdated results.

        Raises
        ------
        BuildError
            If there is no such study, or it has no recorded points under these settings.
        """
        known = [*self.plan.studies, *self.plan.recordings]
        found = same(name, known)
        if found is None:
            raise BuildError(unknown("study", name, sorted({*known})))
        if found not in self.plan.recordings:
            raise BuildError(self.plan.broken.get(found) or self._nothing_recorded(found))
        return found, self.plan.recordings[found]

    def _nothing_recorded(self, study: str) -> str:
        declaration = f'RECORDED = {{"{self.profile.name}": ("pattern",)}}'
        return (
            f"experiments/studies/{study}.py has no recorded points under this profile: "
            f"name them in `{declaration}`, or run `make study ID={study}`"
        )

    def _stale(self, units: list[Unit]) -> list[Unit]:
        """The units that will be made, unless their inputs turn out unchanged."""
        found: dict[str, Unit] = {}
        for unit in units:  # in the order of the stages
            waits = any(name in found for name in self.state.needs(unit))
            if waits or not self.state.is_current(unit):
                found[unit.name] = unit
        return list(found.values())

    def _workers(self, stale: list[Unit]) -> workers.Processes | workers.Here | workers.Cluster:
        if stale and self.scheduler:
            return workers.Cluster(self.scheduler)
        if all(unit.kind in LAST for unit in stale):
            return workers.Here()
        return workers.Processes(self.count)

    def save(self) -> None:
        """Write the record, without code that no unit refers to any more."""
        units = [self.record.get(name) for name in self.record.names("made ")]
        used = {one["code"] for one in units} | {one.code for one in self.plan.units.values()}
        for name in self.record.names("code "):
            if name.removeprefix("code ") not in used:
                self.record.drop(name)
        self.record.put("files", self.hashes.entries)
        self.record.save()


@contextmanager
def alone() -> Iterator[None]:
    """Lock the build folder; the lock ends with the process, however that ends.

    Raises
    ------
    BuildError
        If another process holds it; names the process.
    """
    from filelock import FileLock, Timeout

    if PARENT in sys._xoptions:
        workers.follow(int(sys._xoptions[PARENT]))
    with files.named_errors(paths.LOCK):
        paths.BUILD.mkdir(parents=True, exist_ok=True)
    lock = FileLock(paths.LOCK, timeout=0, fallback_to_soft=False)
    holder = paths.LOCK.with_name("holder")
    try:
        lock.acquire()
    except Timeout:
        pid = holder.read_text().strip() if holder.is_file() else "unknown"
        raise BuildError(
            f"another build (process {pid}) is at work in {paths.BUILD}: "
            "wait until it ends, or stop it"
        ) from None
    except (NotImplementedError, OSError) as error:
        number = getattr(error, "errno", errno.ENOSYS)
        if number not in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, None):
            with files.named_errors(paths.LOCK):
                raise
        print("This file system has no locks: see to it that no second build runs in this folder.")
    with files.named_errors(holder):
        holder.write_text(str(os.getpid()))
    try:
        yield
    finally:
        with suppress(OSError):
            lock.release()
