"""Where a Chromium is, and what to say at the very end if there is none.

`tests/conftest.py` (or `-p tests.browser.chromium`) loads this as a plugin, so that the last line is right under
pytest-xdist too, whose controlling process does not collect this folder.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import pytest

NAMES = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
REMEDY = "install one with `apt-get install chromium` or `playwright install chromium`, or set CHROMIUM to its path"
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
    """Whether a missing browser is a failure: REQUIRE_BROWSER=1."""
    return os.environ.get("REQUIRE_BROWSER", "") not in ("", "0")


def wanted(config: pytest.Config) -> bool:
    """Whether this run of pytest would come to the browser tests at all."""
    here = Path(__file__).parent
    chosen = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return any(here.is_relative_to(path) or path.is_relative_to(here) for path in chosen)


def pytest_unconfigure(config: pytest.Config) -> None:
    """After pytest's own summary, so that it is the last line: say that browser tests did not run."""
    worker = hasattr(config, "workerinput")
    if not worker and wanted(config) and not demanded() and find() is None:
        print(LEFT_OUT, flush=True)
