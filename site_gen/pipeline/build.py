"""The whole pipeline: which units there are, running them, and the summary at the end."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytask
from rich.console import Console
from rich.text import Text

from experiments import study as studies
from site_gen import files, paths
from site_gen.errors import BuildError
from site_gen.media import catalogue
from site_gen.pipeline import executor, figures, fingerprint, pages, progress, results, site
from site_gen.pipeline.units import Unit
from site_gen.storage import read_json

CONFIG = "[tool.pytask.ini_options]\n"  # pytask keeps its memory beside its configuration: this puts both under build/
VERDICT_STYLES = {
    "supported": "green",
    "refuted": "red",
    "depends": "yellow",
    "undecided": "magenta",
    "untested": "dim",
}


@dataclass(frozen=True)
class Plan:
    """All units of a profile, stage by stage.

    Attributes
    ----------
    studies : dict
        Study → its units (points, then the measurement).
    drawings : dict
        Figure or animation → its unit.
    pages, site : Unit
        The last two stages.
    """

    profile: str
    studies: dict[str, list[Unit]]
    drawings: dict[str, Unit]
    pages: Unit
    site: Unit

    @property
    def units(self) -> list[Unit]:
        """Every unit, in the order of the stages."""
        measured = [task for tasks in self.studies.values() for task in tasks]
        return [*measured, *self.drawings.values(), self.pages, self.site]

    def upto(self, kind: str, subject: str = "") -> list[Unit]:
        """The units that a study ("study"), a figure ("figure") or the pages ("pages") need, and the thing itself."""
        if kind == "study":
            if subject not in self.studies:
                raise BuildError(f"there is no study {subject!r}; the studies are: {', '.join(self.studies)}")
            return self.studies[subject]
        if kind == "figure":
            drawing = catalogue.find(subject)
            return [*self.studies[drawing.study], self.drawings[drawing.id]]
        return self.units[:-1] if kind == "pages" else self.units


def plan(profile: str) -> Plan:
    """Declare every unit of a profile.

    Raises
    ------
    BuildError
        If a study, a figure or a profile does not exist or cannot be read.
    """
    names = studies.names()
    measured = {name: results.units(name, profile) for name in names}
    drawings = {}
    for identifier, drawing in catalogue.drawings().items():
        if drawing.study not in measured:
            raise BuildError(f"{paths.relative(drawing.path)}: there is no study {drawing.study!r} to draw from; the studies "
                             f"are: {', '.join(names)}")  # fmt: skip
        stored = {task.name.rpartition("/")[2]: output for task in measured[drawing.study] if task.kind == "result"
                  for output in [paths.result(profile, drawing.study, task.name.rpartition("/")[2])]}  # fmt: skip
        setup = studies.setup(studies.load(drawing.study), profile)
        drawings[identifier] = figures.units(drawing, stored, profile, setup)
        if (
            drawing.kind == "animation"
        ):  # encoding takes longest: begin with what leads to it, so that nothing waits at the end
            for task in (*measured[drawing.study], drawings[identifier]):
                task.markers.append(pytask.Mark("try_first", (), {}))
    found = Plan(profile, measured, drawings, pages.units(profile, names), site.units())
    fingerprint.remember()
    return found


def run(units: list[Unit], console: Console) -> progress.Display:
    """Bring units up to date.

    Returns
    -------
    Display
        What was made, kept, left out, and what failed.

    Raises
    ------
    BuildError
        If another build works in this folder, or what an earlier build remembered cannot be read.
    KeyboardInterrupt
        After Ctrl-C, once the workers are stopped.
    """
    memory = paths.STATE / "durations.json"
    files.write_if_changed(paths.STATE / "pytask.toml", CONFIG.encode())
    display = progress.Display(console, progress.remembered(memory), executor.workers())
    executor.register()
    # the display speaks for pytask, whose own words are kept in case it stops by itself
    pytask.console.file = said = io.StringIO()
    with _interrupts() as interrupts, progress.show(display, memory):
        display.expect(units)
        with files.named_errors(paths.STATE / "pytask.lock"):  # pytask's own files meet a full disk too
            session = pytask.build(
                tasks=units,
                config=paths.STATE / "pytask.toml",
                verbose=0,
                capture="no",
                show_traceback=False,
                disable_warnings=True,
                n_workers=display.workers,
                parallel_backend="custom",
            )
    if interrupts:
        raise KeyboardInterrupt
    if len(session.execution_reports) and len(display.pending) == len(units):
        raise BuildError(
            "the project is not installed, so pytask does not know its plugin: run `make site`, which installs it"
        )
    if session.exit_code != pytask.ExitCode.OK and not display.failures:
        raise BuildError(_why_stopped(session, said.getvalue()))
    return display


def _why_stopped(session: Any, said: str) -> str:
    """pytask gave up by itself: two units claim one file, its memory is broken, or it could not write."""
    reports = [*getattr(session, "collection_reports", []), getattr(session, "dag_report", None)]
    told = [str(report.exc_info[1]) for report in reports if report is not None and report.exc_info]
    last = next(
        (line.strip(" .") for line in reversed(said.splitlines()) if "Error" in line), "it did not say why"
    )
    return "\n".join(told) or (
        f"pytask stopped: {last}. If the disk has space and this user may write to it, delete {paths.relative(paths.STATE)} and "
        "run the same command again: everything is made anew"
    )


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collect Ctrl-C and termination: pytask-parallel ends its loop quietly and would report success."""
    seen: list[int] = []

    def note(number: int, _: Any) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def alone(path: Path = paths.BUILD / "lock") -> Iterator[None]:
    """Hold the build folder; the lock goes with the process, however it ends.

    Raises
    ------
    BuildError
        If another process holds it; names the process.
    """
    with files.named_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise BuildError(f"another build (process {handle.read().strip() or 'unknown'}) is at work in "
                             f"{path.parent}: wait until it ends, or stop it") from None  # fmt: skip
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def summarise(display: progress.Display, began: float, console: Console) -> None:
    """Say what was made, what was kept, and how long it took."""
    by_kind: dict[str, int] = {}
    for task in display.made:
        by_kind[task.kind] = by_kind.get(task.kind, 0) + 1
    made = ", ".join(_counted(kind, count) for kind, count in by_kind.items()) or "nothing"
    console.print(
        f"\nMade {made}; kept {len(display.kept)}. Took {_duration(time.monotonic() - began)}.",
        soft_wrap=True,
    )


def verdict_board(names: list[str], profile: str, console: Console) -> None:
    """Print every claim with its measured verdict, and how many there are of each."""
    claims = [claim for name in names for claim in read_json(paths.measures(profile, name))["claims"]]
    board = Text()
    for verdict, style in VERDICT_STYLES.items():
        count = sum(claim["measured"] == verdict for claim in claims)
        if count:
            board.append(f"{'  ' if board else ''}{count} {verdict}", style=style)
    console.print(
        Text(f"{len(claims)} claim{'' if len(claims) == 1 else 's'}: ").append_text(board), soft_wrap=True
    )
    for claim in claims:
        if claim["measured"] != claim["verdict"]:
            console.print(f"  {claim['id']}: declared {claim['verdict']}, measured {claim['measured']} ({profile} profile)",
                          soft_wrap=True)  # fmt: skip


def _counted(kind: str, count: int) -> str:
    return f"the {kind}" if kind in ("pages", "site") else f"{count} {kind}" + ("" if count == 1 else "s")


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"
