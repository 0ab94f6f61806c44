"""What a build shows while it works: a live line with the time left on a terminal, plain lines elsewhere.

The functions named `pytask_…` are pytask's hooks; pyproject.toml registers this module as a plugin. They speak only while
`show` holds a display, so that other uses of pytask stay as they are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytask import SkippedUnchanged, TaskOutcome, hookimpl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from site_gen.errors import BuildError
from site_gen.pipeline import why
from site_gen.pipeline.units import Unit

# Seconds to expect of a unit that was never timed here and is the first of its kind; the real time replaces it at once.
GUESS = {"result": 6.0, "measure": 2.0, "figure": 3.0, "animation": 10.0, "pages": 2.0, "site": 4.0}
_display: Display | None = None


@dataclass
class Failure:
    """A unit that could not be made."""

    task: Unit
    error: BaseException
    traceback: str


@dataclass
class Display:
    """Counts units and shows them.

    Attributes
    ----------
    console : rich.console.Console
        Where to write.
    durations : dict
        Unit → seconds it took last time, from earlier builds; updated in place.
    """

    console: Console
    durations: dict[str, float]
    workers: int
    pending: dict[str, Unit] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    made: list[Unit] = field(default_factory=list)
    kept: list[Unit] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    left_out: int = 0
    total: int = 0
    live: Progress | None = None
    bar: Any = None

    def expect(self, tasks: list[Unit]) -> None:
        """Tell which units the build consists of."""
        self.pending = {task.name: task for task in tasks}
        self.total = len(tasks)
        if self.console.is_terminal:
            self.live = Progress(BarColumn(24), MofNCompleteColumn(), TextColumn("{task.fields[left]}"),
                                 TextColumn("{task.description}"), console=self.console, transient=True)  # fmt: skip
            self.bar = self.live.add_task("looking for what changed", total=self.total, left="")
            self.live.start()

    def start(self, task: Unit) -> None:
        self.started[task.name] = time.monotonic()
        self._refresh()

    def finish(self, task: Unit, outcome: TaskOutcome, exc_info: Any) -> None:
        """Take note of how a unit ended."""
        seconds = time.monotonic() - self.started.pop(task.name, time.monotonic())
        self.pending.pop(task.name, None)
        if outcome == TaskOutcome.SUCCESS:
            self.durations[task.name] = seconds
            self.made.append(task)
            why.remember(task)
            self._line(task, f"{seconds:6.1f} s")
        elif outcome == TaskOutcome.FAIL:
            self.failures.append(
                Failure(task, exc_info[1], exc_info[2] if isinstance(exc_info[2], str) else "")
            )
            self._line(task, "failed", style="red")
        elif outcome == TaskOutcome.SKIP_PREVIOUS_FAILED:
            self.left_out += 1
        else:
            self.kept.append(task)
        self._refresh()

    def stop(self) -> None:
        """Take the live line away."""
        if self.live:
            self.live.stop()
            self.live = None

    def seconds_left(self) -> float:
        """The time the pending units will take, from earlier builds and, failing that, from others of their kind."""
        kinds: dict[str, list[float]] = {}
        for task in self.made:
            kinds.setdefault(f"{task.kind} {task.subject}" if task.kind == "result" else task.kind, []).append(
                self.durations[task.name])  # fmt: skip
        total = 0.0
        for name, task in self.pending.items():
            alike = kinds.get(f"{task.kind} {task.subject}") or kinds.get(task.kind) or [GUESS[task.kind]]
            expected = self.durations.get(name, sum(alike) / len(alike))
            total += max(expected - (time.monotonic() - self.started.get(name, time.monotonic())), 0.0)
        return total / self.workers

    def _line(self, task: Unit, note: str, style: str = "") -> None:
        done = self.total - len(self.pending)
        self.console.print(Text(f"[{done:3d}/{self.total}] {note:>10}  {task.kind:<9} {label(task)}", style=style),
                           soft_wrap=True)  # fmt: skip

    def _refresh(self) -> None:
        if not self.live:
            return
        running = ", ".join(label(self.pending[name]) for name in self.started if name in self.pending)
        left = f"about {_duration(self.seconds_left())} left" if self.made or self.durations else ""
        self.live.update(
            self.bar, completed=self.total - len(self.pending), description=running[:60], left=left
        )


def label(task: Unit) -> str:
    """A unit's name as people read it: without the profile in front."""
    return task.name.partition("/")[2] or task.subject or task.kind


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


@contextmanager
def show(display: Display, memory: Path) -> Iterator[Display]:
    """Send what pytask reports to a display, and remember durations for the next build's time left."""
    global _display
    _display = display
    try:
        yield display
    finally:
        _display = None
        display.stop()
        with suppress(OSError):  # only the next estimate is worse for it
            memory.write_text(
                json.dumps({name: round(value, 2) for name, value in sorted(display.durations.items())})
            )


def remembered(memory: Path) -> dict[str, float]:
    """Durations of earlier builds; none if there were none."""
    try:
        return {str(name): float(value) for name, value in json.loads(memory.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}


@hookimpl
def pytask_execute_task_log_start(task: Unit) -> None:
    """A unit is about to be looked at."""
    if _display:
        _display.start(task)


@hookimpl
def pytask_execute_task_setup(session: Any, task: Unit) -> None:
    """Keep a unit for which nothing changed. pytask would too, after writing each of its files into a database that we do
    not use, which takes longer than everything else in a build with nothing to do.
    """
    if _display is None or any(mark.name.startswith("skip") for mark in task.markers):
        return
    memory = session.config["lockfile_state"]
    known = memory and memory.get_task_entry(task.name)
    if known and task.is_current(known, memory.root):
        raise SkippedUnchanged


@hookimpl
def pytask_execute_task_log_end(report: Any) -> None:
    """A unit was made, kept, left out, or failed."""
    if _display:
        _display.finish(report.task, report.outcome, report.exc_info)


def explain(failure: Failure) -> str:
    """A failure as one message: a `BuildError` as it stands, anything else with the traceback of the worker."""
    if isinstance(failure.error, BuildError):
        return str(failure.error)
    heading = f"{failure.task.kind} {label(failure.task)}: {type(failure.error).__name__}: {failure.error}"
    return f"{heading}\n{failure.traceback}".rstrip()
