"""Find a Chromium, or report in the last line that its tests were left out.

`tests/conftest.py` (or `-p tests.browser.chromium`) loads this as a plugin: the controlling process
of pytest-xdist, which prints the last line, does not collect this folder.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import pytest

NAMES = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
QUIET = ("background-networking", "component-update", "gpu", "sync")
FLAGS = ("--headless", "--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in QUIET))
COMMANDS = "`apt-get install chromium` or `playwright install chromium`"
REMEDY = f"install one with {COMMANDS}, or set CHROMIUM to its path"
LEFT_OUT = f"Browser tests were left out: no Chromium found ({REMEDY})"


@cache
def find() -> str | None:
    """The path of a Chromium: $CHROMIUM, the system's, Playwright's own; None if there is none.

    Raises
    ------
    pytest.UsageError
        If $CHROMIUM is set to something that cannot be run.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        path = shutil.which(named)
        if path is None:
            raise pytest.UsageError(
                f"CHROMIUM is {named!r}, which cannot be run; set it to the path of a Chromium"
            )
        return path
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


def demanded() -> bool:
    """Whether a missing browser is a failure, by REQUIRE_BROWSER=1."""
    return os.environ.get("REQUIRE_BROWSER", "") not in ("", "0")


def wanted(config: pytest.Config) -> bool:
    """Whether this run of pytest includes browser tests."""
    here = Path(__file__).parent
    chosen = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return any(here.is_relative_to(path) or path.is_relative_to(here) for path in chosen)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Report after pytest's summary, as the last line, that browser tests did not run."""
    worker = hasattr(config, "workerinput")
    if not worker and wanted(config) and not demanded() and find() is None:
        print(LEFT_OUT, flush=True)
