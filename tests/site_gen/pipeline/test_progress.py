"""The time left that a build shows, and the words around it."""

from __future__ import annotations

import heapq
from types import SimpleNamespace

import numpy as np
import pytest

from site_gen.pipeline import progress
from site_gen.pipeline.progress import Display, counted, exactly, spoken

UNITS = 100  # for each worker
PARENT = 0.6  # seconds between the last stages, as measured in full and quick builds


def units(seconds: np.ndarray) -> list[SimpleNamespace]:
    """Figures with a length each, and what waits for them."""
    last = [SimpleNamespace(kind=kind, name=kind, subject="", title=kind) for kind in progress.LAST]
    named = [f"figure-{i}" for i in range(len(seconds))]
    return [
        SimpleNamespace(kind="figure", name=one, subject=one, title=one) for one in named
    ] + last


@pytest.mark.parametrize("pace", [0.6, 1.0, 1.6])
@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("seed", range(4))
def test_the_time_left_is_close_after_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, pace: float, workers: int, seed: int
) -> None:
    """On a machine of varying speed, with units that each differ from the estimate by a fifth."""
    rng = np.random.default_rng(seed)
    foreseen = rng.lognormal(0, 0.8, UNITS * workers)
    true = foreseen * pace * rng.lognormal(0, 0.2, foreseen.size)
    todo = units(foreseen)
    expected = dict(zip([one.name for one in todo], [*foreseen, 1.5, 4.0, 0.2], strict=True))
    length = dict(
        zip([one.name for one in todo], [*true, 1.5 * pace, 4.0 * pace, 0.2 * pace], strict=True)
    )
    clock = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock)
    display = Display(lambda unit: expected[unit.name], "full", workers)
    display.expect(todo, 0, show=False)
    waiting, running, said = todo[:-3], [], None
    while waiting or running:
        while waiting and len(running) < workers:
            unit = waiting.pop(0)
            display.started(unit)
            heapq.heappush(running, (clock + length[unit.name], unit.name, unit))
        if said is None and running[0][0] > 10:
            clock = 10.0
            said = display.seconds_left()
        clock, _, unit = heapq.heappop(running)
        display.made(unit, length[unit.name])
    end = clock + sum(PARENT + length[kind] for kind in progress.LAST)
    assert said == pytest.approx(end - 10, rel=0.25)


def test_what_is_expected_here_goes_before_what_was_measured_elsewhere() -> None:
    unit = SimpleNamespace(kind="measure", subject="tiny_batch")
    assert Display(lambda unit: 3.0, "full", 1).expected(unit) == 3.0
    elsewhere = Display(lambda unit: None, "full", 1).expected(unit)
    assert elsewhere == progress.estimates()["full"]["measure tiny_batch"]
    new = SimpleNamespace(kind="measure", subject="a_new_study")
    assert (
        Display(lambda unit: None, "full", 1).expected(new)
        == progress.estimates()["full"]["measure"]
    )


SHORT = [(0.2, "1 s"), (7.4, "7 s"), (12, "10 s"), (88, "90 s")]
LONG = [(90, "1 min 30 s"), (605, "10 min"), (7300, "2 h 1 min")]


@pytest.mark.parametrize(("seconds", "said"), [*SHORT, *LONG])
def test_durations_are_spoken(seconds: float, said: str) -> None:
    assert spoken(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.13, "0.1 s"), (99.9, "99.9 s"), (119.7, "2 min 0 s")]
)
def test_what_it_took_is_told_to_the_second(seconds: float, said: str) -> None:
    assert exactly(seconds) == said


def test_what_will_be_made_is_counted_in_words() -> None:
    assert counted(units(np.ones(2))) == "2 figures, the pages, 1 block of pages, the site"
    assert counted([]) == "nothing"


def test_what_is_made_only_perhaps_is_told_and_foreseen_as_such() -> None:
    """One sentence changed: of eight blocks of pages one is made."""
    blocks = [
        SimpleNamespace(kind="html", name=f"html-{i}", subject="", title="html") for i in range(8)
    ]
    todo = [SimpleNamespace(kind="pages", name="pages", subject="", title="pages"), *blocks]
    perhaps = {one.name for one in blocks}
    assert counted(todo, perhaps) == "the pages, up to 8 blocks of pages"
    display = Display(lambda unit: 1.0, "full", 1)
    display.expect(todo, 0, show=False, perhaps=perhaps)
    assert display.seconds_left() == pytest.approx(2 + 2 * PARENT)
    display.expect(todo, 0, show=False)
    assert display.seconds_left() == pytest.approx(9 + 2 * PARENT)
