"""The progress of a build: a live line with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import heapq
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from site_gen.pipeline.unit import Unit
from site_gen.storage import read_json

# Seconds on the machine where they were measured.
ESTIMATES = Path(__file__).with_name("estimates.json")
LAST = ("pages", "html", "site")  # they wait for everything else
STEP = 0.6  # seconds before each of these, while workers wait for the parent's reading and hashing
GUESS = 2.0  # seconds of a unit without any estimate
DOUBT = 1.0  # seconds of work after which observation counts as much as the estimates
KINDS = ("result", "check", "record", "measure", "figure", "animation", "pages", "html", "site")


@cache
def estimates() -> dict[str, dict[str, float]]:
    """Profile → "kind subject", or a kind alone → seconds of one unit."""
    return read_json(ESTIMATES)


def rank(
    units: Mapping[str, Unit], needs: Mapping[str, set[str]], expected: Callable[[Unit], float]
) -> dict[str, float]:
    """The length of the longest path from each unit to the end; the longest starts first."""
    followers: dict[str, list[str]] = {name: [] for name in units}
    for name, before in needs.items():
        for one in before:
            followers[one].append(name)
    found: dict[str, float] = {}
    for name in reversed(list(units)):  # stages stand in order, so followers are ranked already
        after = max((found.get(one, 0.0) for one in followers[name]), default=0.0)
        found[name] = expected(units[name]) + after
    return found


class Display:
    """Counts units, estimates the time left, and shows both.

    Parameters
    ----------
    durations : callable
        Unit → the seconds it took in an earlier build here, or None.
    profile : str
        "quick", "full" or "paper".
    """

    def __init__(
        self, durations: Callable[[Unit], float | None], profile: str, workers: int
    ) -> None:
        self.durations, self.profile, self.workers = durations, profile, workers
        self.pending: dict[str, Unit] = {}
        self.unlikely: set[str] = set()
        self.under_way: dict[str, float] = {}
        self.total = 0
        self._spent = self._foreseen = 0.0
        self._live: Any = None
        self._bar: Any = None
        self._began = time.monotonic()

    def expect(
        self, stale: list[Unit], kept: int, show: bool = True, perhaps: Collection[str] = ()
    ) -> None:
        """Announce what will be made, and how long that takes.

        Parameters
        ----------
        stale : list of Unit
        kept : int
            How many are up to date.
        show : bool
            Whether to print anything.
        perhaps : collection of str
            The blocks of pages that are made again only if one of their pages changes.
        """
        changed = sum(unit.kind in ("measure", "figure", "animation") for unit in stale)
        self.unlikely = {*sorted(perhaps)[1 + changed :]}  # each of these is told on a page or two
        self.pending = {unit.name: unit for unit in stale}
        self.total = len(stale) + kept
        if stale and show:
            print(
                f"To make: {counted(stale, perhaps)}{f'; {kept} are up to date' if kept else ''}.",
                end=" ",
            )
            cores = f"{self.workers} worker{'' if self.workers == 1 else 's'}"
            print(f"About {spoken(self.seconds_left())} on {cores}.", flush=True)
        if stale and show and sys.stdout.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (
                BarColumn(24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[left]}"),
                TextColumn("{task.description}"),
            )
            self._live = Progress(*columns, transient=True)
            self._bar = self._live.add_task("", total=len(stale), left="")
            self._live.start()

    def expected(self, unit: Unit) -> float:
        """The seconds that a unit will take: as last time here, else as in the estimates."""
        known = self.durations(unit)
        if known is not None:
            return known
        table = estimates().get(self.profile) or estimates()["full"]
        return table.get(f"{unit.kind} {unit.subject}") or table.get(unit.kind) or GUESS

    def seconds_left(self) -> float:
        """The time until the last unit is made, at the pace so far relative to the estimates."""
        now = time.monotonic()
        late = [
            (now - since, expected)
            for name, since in self.under_way.items()
            if name in self.pending
            and now - since > (expected := self.expected(self.pending[name]))
        ]
        spent = self._spent + sum(seconds for seconds, _ in late)
        foreseen = self._foreseen + sum(expected for _, expected in late)
        pace = (spent + DOUBT) / (foreseen + DOUBT)
        running, waiting, last = [], [], {kind: [] for kind in LAST}
        for name, unit in self.pending.items():
            expected = self.expected(unit) * pace
            if name in self.under_way:
                running.append(max(expected - (now - self.under_way[name]), 0.1 * expected))
            elif name in self.unlikely:
                continue
            elif unit.kind in LAST:
                last[unit.kind].append(expected)
            else:
                waiting.append(expected)
        free = [0.0] * max(self.workers, 1)
        for seconds in [*running, *sorted(waiting, reverse=True)]:
            heapq.heapreplace(free, free[0] + seconds)
        end = max(free)
        for seconds in filter(None, last.values()):
            end += STEP + max(sum(seconds) / len(free), *seconds)
        return end

    def started(self, unit: Unit) -> None:
        """A unit was given to a worker."""
        self.under_way[unit.name] = time.monotonic()

    def stopped(self, unit: Unit) -> None:
        """A unit lost its worker."""
        self.under_way.pop(unit.name, None)

    def kept(self, unit: Unit) -> None:
        """A unit turned out to be up to date."""
        self.pending.pop(unit.name, None)

    def made(self, unit: Unit, seconds: float) -> None:
        """A unit was made."""
        self._foreseen += self.expected(unit)
        self._spent += seconds
        self._done(unit, f"{seconds:6.1f} s")

    def failed(self, unit: Unit) -> None:
        """A unit could not be made."""
        self._done(unit, "failed")

    def _done(self, unit: Unit, note: str) -> None:
        self.pending.pop(unit.name, None)
        self.under_way.pop(unit.name, None)
        if not self._live:
            count = self.total - len(self.pending)
            print(f"[{count:3d}/{self.total}] {note:>10}  {unit.kind:<9} {unit.title}", flush=True)

    def refresh(self) -> None:
        """Show the time left anew."""
        if self._live:
            running = ", ".join(
                self.pending[name].title for name in self.under_way if name in self.pending
            )
            made = self._live.tasks[0].total - len(self.pending)
            left = f"about {spoken(self.seconds_left())} left"
            self._live.update(
                self._bar, completed=made, left=left, description=_printable(running[:60])
            )

    def stop(self) -> None:
        """Take the live line away."""
        if self._live:
            self._live.stop()
            self._live = None

    def took(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began


def _printable(text: str) -> str:
    return text.replace("[", "\\[")


def counted(units: list[Unit], perhaps: Collection[str] = ()) -> str:
    """The number of units of each kind, in words; "up to" where some may not be made."""
    plural = {
        "html": "blocks of pages",
        "check": "recorded results again",
        "record": "results to record",
    }
    single = {
        "pages": "the pages",
        "site": "the site",
        "html": "1 block of pages",
        "check": "1 recorded result again",
    }
    unsure = {unit.kind for unit in units if unit.name in perhaps and len(perhaps) > 1}
    said = []
    for kind, count in Counter(unit.kind for unit in units).items():
        one = (
            single.get(kind, f"1 {kind}")
            if count == 1
            else f"{count} {plural.get(kind, kind + 's')}"
        )
        said.append((KINDS.index(kind), f"up to {one}" if kind in unsure else one))
    return ", ".join(one for _, one in sorted(said)) or "nothing"


def spoken(seconds: float) -> str:
    """A rounded duration in words."""
    if seconds < 10:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 90:
        return f"{5 * round(seconds / 5)} s"
    minutes = int(seconds // 60)
    if minutes < 10:
        return f"{minutes} min {10 * int(seconds % 60 // 10)} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def exactly(seconds: float) -> str:
    """A measured duration in words."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{seconds:.1f} s" if seconds < 100 else f"{minutes} min {rest} s"
