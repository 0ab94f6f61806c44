"""What happens without a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import chromium

ROOT = Path(__file__).resolve().parents[2]
OUTER = ("REQUIRE_BROWSER", "PYTEST_")  # what the run around this one was told


def run_without_browser(folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run one browser test in a pytest that finds no Chromium."""
    (folder / "blind.py").write_text(
        "from tests.browser import chromium\nchromium.find = lambda: None\n", encoding="utf-8"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OUTER)}
    path = os.pathsep.join([str(folder), str(ROOT)])
    # Without a folder of its own it would first remove those of earlier runs, which takes minutes.
    own = ["-p", "blind", "-p", "no:cacheprovider", f"--basetemp={folder / 'own'}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *own, "tests/browser/test_interaction.py"],
        cwd=ROOT,
        env=kept | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_left_out_and_said_so_in_the_last_line(tmp_path: Path) -> None:
    ran = run_without_browser(tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.splitlines()[-1] == chromium.LEFT_OUT
    assert "passed" not in ran.stdout.splitlines()[-2]


def test_a_failure_where_one_is_demanded(tmp_path: Path) -> None:
    ran = run_without_browser(tmp_path, REQUIRE_BROWSER="1")
    assert ran.returncode == 1
    assert "REQUIRE_BROWSER is set, but no Chromium was found" in ran.stdout
    assert chromium.LEFT_OUT not in ran.stdout


def test_a_wrong_path_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    chromium.find.cache_clear()
    with pytest.raises(pytest.UsageError, match="/no/such/browser"):
        chromium.find()
    chromium.find.cache_clear()
