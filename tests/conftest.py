"""What many tests share: a small repository with one study, one figure, one film and one page."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

# before NumPy is loaded: as `make` does, and so that -n 2 is no slower
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

pytest_plugins = ["tests.browser.chromium"]  # reports on the last line if no browser was found
ROOT = Path(__file__).resolve().parents[1]
SMALL = Path(__file__).with_name("small")
NAVIGATION = """\
nav:
  - Home: index.md
  - Claims: claims.md
  - Figures: figures/index.md
  - References: references.md
"""


@contextmanager
def hang_ups(ignored: bool) -> Iterator[None]:
    """What is started here ignores SIGHUP or does not, whether or not `nohup` started the tests."""
    if not hasattr(signal, "SIGHUP"):
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@dataclass(frozen=True)
class Repository:
    """A copy of the repository with small studies, figures and pages in place of the real ones."""

    root: Path

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess:
        """Run `python -m site_gen …` in it, as `make` does."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen:
        """The same in the background, in a process group of its own."""
        with hang_ups(ignored=False):
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.root,
                env=self.environment(),
                start_new_session=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "site_gen", *arguments]

    def environment(self) -> dict[str, str]:
        # the copy's packages must win over the installed project, in workers too
        own = {"PYTHONPATH": str(self.root), "OPENBLAS_NUM_THREADS": "1"}
        return os.environ | own | {"SITE_GEN_PACKAGES": "installed"}  # and no `.venv` of its own

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} does not hold {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def bytes_of(self, folder: str) -> dict[str, bytes]:
        """Relative path → content, for all files below a folder."""
        base = self.root / folder
        files = [path for path in base.rglob("*") if path.is_file()]
        return {path.relative_to(base).as_posix(): path.read_bytes() for path in files}


def small_repository(target: Path) -> Repository:
    """Make the small repository in `target`."""
    ignore = shutil.ignore_patterns("__pycache__", "*.npz")
    for package in ("experiments", "site_gen"):
        shutil.copytree(ROOT / package, target / package, ignore=ignore)
    for folder in ("experiments/studies", "site_gen/figures", "site_gen/animations"):
        for path in (target / folder).glob("[!_]*.py"):
            path.unlink()
    shutil.copytree(SMALL, target, dirs_exist_ok=True, ignore=ignore)
    shutil.copy(ROOT / "docs" / "references.json", target / "docs")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    small = re.sub(r"^nav:\n(?:[ \t]+.*\n|\n|#.*\n)+", NAVIGATION + "\n", config, flags=re.M)
    (target / "mkdocs.yml").write_text(small)
    return Repository(target)


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers: each has a temporary folder of its own inside that of the run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def _quick_results(_shared: Path) -> None:
    from tests import quick

    quick.share(_shared / "quick")


@pytest.fixture(scope="session")
def _built(_shared: Path) -> Path:
    """Built once, by the worker that comes first."""
    finished = _shared / "built"
    with FileLock(_shared / "built.lock"):
        if not finished.is_dir():
            shutil.rmtree(_shared / "building", ignore_errors=True)
            repository = small_repository(_shared / "building")
            ran = repository.run("site")
            assert ran.returncode == 0, ran.stdout + ran.stderr
            repository.root.rename(finished)
    return finished


@pytest.fixture
def unbuilt(tmp_path: Path) -> Repository:
    """The small repository, never built."""
    return small_repository(tmp_path)


@pytest.fixture
def built(_built: Path, tmp_path: Path) -> Repository:
    """The small repository after a finished build, with the build's memory."""
    shutil.copytree(_built, tmp_path, dirs_exist_ok=True, copy_function=shutil.copy2)
    return Repository(tmp_path)
