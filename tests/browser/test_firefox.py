"""The simulators in a second browser, from disk: controls, errors, and the engine's numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from site_gen.paths import ROOT
from site_gen.simulators import declarations
from tests.browser import firefox, test_engine
from tests.browser.conftest import SITE
from tests.browser.test_simulators import page_with

RIGHT, LEFT = "\ue014", "\ue012"  # keys, as WebDriver writes them
SETTINGS = "name => ({...document.querySelector(name).settings})"
BUTTONS = """name => {
  const buttons = `${name} .bn-sim__actions button`;
  return [...document.querySelectorAll(buttons)]
    .flatMap((one, i) => one.hidden ? [] : [`${buttons}:nth-of-type(${i + 1})`]);
}"""


# A Firefox that runs until its input ends.
SCRIPT = """import sys
from tests.browser import firefox
with firefox.running(sys.argv[1]):
    print("up", flush=True)
    input()"""


@pytest.fixture(scope="module")
def window() -> Iterator[firefox.Firefox]:
    """A window of a Firefox with a new profile."""
    path = firefox.find()
    if path is None:
        (pytest.fail if firefox.demanded() else pytest.skip)(firefox.LEFT_OUT)
    with firefox.running(path) as opened:
        yield opened


def test_the_engine_agrees(window: Any) -> None:
    """The comparison of `test_engine`, case by case."""
    window.open("about:blank")
    window.evaluate("text => window.eval(text)", test_engine.ENGINE.read_text(encoding="utf-8"))
    for chosen in test_engine.CASES:
        case, expected = test_engine.train(*chosen)
        assert test_engine.apart(expected, window.evaluate(test_engine.TRAIN, case)) == {}, chosen


@pytest.mark.parametrize("name", declarations.names())
def test_a_simulator_works(window: Any, name: str) -> None:
    """Opened from disk: every button pressed, every control moved, no error."""
    before = window.errors()
    window.open((SITE / page_with(name)).as_uri())
    declared = declarations.declaration(name)
    for preset, what in declared["presets"].items():
        window.click(f"{name} [data-preset={preset}]")
        assert window.evaluate(SETTINGS, name).items() >= what["set"].items()
        watch = window.evaluate(
            "name => document.querySelector(`${name} .bn-sim__watch`).textContent", name
        )
        assert watch == what["watch"]
    for button in window.evaluate(BUTTONS, name):
        window.click(button)
    begin = window.evaluate("name => document.querySelector(name).begin", name)
    assert window.evaluate(SETTINGS, name) == begin, "the last button starts over"
    for setting in declared["settings"]:
        key, kind = setting["name"], setting["kind"]
        field = f"{name} [data-setting={key}] :is(input, select)"
        if setting.get("hidden") or not window.evaluate(
            "one => document.querySelector(one).checkVisibility()", field
        ):
            continue
        start = window.evaluate(SETTINGS, name)[key]
        if kind == "number" and "low" not in setting:
            window.evaluate("one => document.querySelector(one).select()", field)
            window.type(field, "0.25")
        else:
            window.type(field, RIGHT)
        if window.evaluate(SETTINGS, name)[key] == start:  # a slider at its end
            window.type(field, LEFT)
        assert window.evaluate(SETTINGS, name)[key] != start, key
    assert [error for error in window.errors() if error not in before] == []


def test_errors_would_be_seen(window: Any) -> None:
    window.open((SITE / "index.html").as_uri())
    before = window.errors()
    window.evaluate(
        "() => new Promise(done => { setTimeout(() => { setTimeout(done, 50); magic(); }); })"
    )
    found = [error.partition(" (")[0] for error in window.errors() if error not in before]
    assert found == ["ReferenceError: magic is not defined"]


def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    """Neither browser nor profile is left, even if the test's process is killed."""
    path = firefox.find()
    if path is None:
        pytest.skip(firefox.LEFT_OUT)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, path],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout.readline() == b"up\n" and [*tmp_path.glob("firefox-*")]
    finally:
        process.kill()
        process.communicate()
    until = time.monotonic() + firefox.PATIENCE
    while [*tmp_path.iterdir()] and time.monotonic() < until:
        time.sleep(0.1)
    assert [*tmp_path.iterdir()] == []
