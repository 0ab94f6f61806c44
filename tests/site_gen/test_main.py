"""The frame of every command: what ends it, where it prints, which errors become a sentence."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments import catalogue as studies
from site_gen import __main__ as front
from site_gen import check, cli
from site_gen.errors import BuildError, coloured
from site_gen.paths import ROOT
from tests.conftest import hang_ups
from tests.test_environment import Tree, posix, tree_in

HELP = [sys.executable, "-m", "site_gen", "help"]
# Another tree's `cli.py`: a command that goes on until something ends it.
WAITS = "import time\ndef main(arguments):\n    print('up', flush=True)\n    time.sleep(60)\n"


@pytest.fixture
def waiting(tmp_path: Path) -> Tree:
    tree = tree_in(tmp_path / "tree")
    (tree.root / "site_gen" / "cli.py").write_text(WAITS, encoding="utf-8")
    return tree


def start(tree: Tree, ignored: bool = False) -> subprocess.Popen:
    """A command that is at work; `ignored`: as `nohup` starts it."""
    with hang_ups(ignored):
        process = subprocess.Popen(
            [sys.executable, "-m", "site_gen", "study", "x"],
            cwd=tree.root,
            env=os.environ | {"SITE_GEN_PACKAGES": "installed"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert process.stdout.readline() == "up\n"
    return process


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_whatever_asks_a_command_to_end_does_what_ctrl_c_does(waiting: Tree, name: str) -> None:
    process = start(waiting)
    process.send_signal(getattr(signal, name))
    _, told = process.communicate(timeout=50)
    assert process.returncode == 130
    assert "Stopped." in told and "Traceback" not in told


@posix
def test_with_nohup_a_closed_terminal_ends_nothing(waiting: Tree) -> None:
    process = start(waiting, ignored=True)
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.terminate()
    process.communicate(timeout=50)
    assert process.returncode == 130


@posix
def test_output_that_nobody_reads_on_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(HELP, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, b"")


@posix
def test_output_that_is_closed_is_no_error() -> None:
    ran = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *HELP], cwd=ROOT, stderr=subprocess.PIPE, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_to_a_full_disk_is_one_sentence() -> None:
    with open("/dev/full", "wb") as full:
        ran = subprocess.run(
            HELP, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ran.returncode == 1
    assert "is full" in ran.stderr and len(ran.stderr.splitlines()) == 1


MINE = str(ROOT / "docs/mine")
REFUSED = [
    (PermissionError(errno.EACCES, "Permission denied", MINE), "make docs/mine accessible"),
    (OSError(errno.ENOSPC, "No space left", MINE), "the disk that holds docs is full"),
    (ModuleNotFoundError("No module named 'xyz.a'", name="xyz.a"), "lacks xyz.a"),
]


@pytest.mark.parametrize(("error", "told"), REFUSED)
def test_an_error_of_the_system_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, error: Exception, told: str
) -> None:
    def fails(arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(front, "_answer", fails)
    monkeypatch.setattr(front, "_prepare", lambda: None)
    assert front.run(["site"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ") and told in said and said.count("\n") == 1


def test_an_import_that_a_signal_interrupts_fails_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """NumPy for one then says that it cannot be imported."""

    def fails(arguments: list[str]) -> int:
        with pytest.raises(KeyboardInterrupt):
            front._stop(signal.SIGTERM, None)
        raise ImportError("numpy")

    monkeypatch.setattr(front, "_answer", fails)
    monkeypatch.setattr(front, "_prepare", lambda: None)
    monkeypatch.setattr(front, "_stopped", [])
    assert front.run(["site"]) == 130
    assert "Stopped." in capsys.readouterr().err


def test_a_mistake_of_ours_is_no_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(arguments: list[str]) -> int:
        raise ModuleNotFoundError("No module named 'site_gen.x'", name="site_gen.x")

    monkeypatch.setattr(front, "_answer", fails)
    monkeypatch.setattr(front, "_prepare", lambda: None)
    with pytest.raises(ModuleNotFoundError):
        front.run(["site"])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--seed", "9" * 5000], "SEED"),
        (["--seed", "-1"], "SEED"),
        (["--seed", "٣"], "SEED"),
        (["--workers", "0"], "WORKERS"),
        (["--scheduler", "nonsense"], "SCHEDULER"),
        (["--scheduler", " "], "SCHEDULER"),
        (["--scheduler", "tcp://"], "SCHEDULER"),
        (["--scheduler", "tcp://a b:1"], "SCHEDULER"),
    ],
)
def test_nonsense_is_named_at_once(options: list[str], named: str) -> None:
    with pytest.raises(BuildError, match=f"^{named} is ") as caught:
        cli.main(["site", *options])
    assert len(str(caught.value)) < 160


ADDRESSES = ("tcp://host:8786", "tls://10.0.0.1:1", "host.local:8786", "tcp://[::1]:8786")


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_of_a_scheduler(address: str) -> None:
    assert cli.ADDRESS.fullmatch(address)


PAINTED = [(True, "", True), (True, "1", False), (False, "", False)]


@pytest.mark.parametrize(("terminal", "variable", "painted"), PAINTED)
def test_colours(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, variable: str, painted: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", variable)
    said = coloured("error:", "31", SimpleNamespace(isatty=lambda: terminal))
    assert ("\033" in said) == painted and "error:" in said


def test_pages_of_a_study_beside_an_editors_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "coin.py").write_text("", encoding="utf-8")
    (tmp_path / "index.md").write_text('[[= settings("coin") ]]', encoding="utf-8")
    (tmp_path / ".#index.md").symlink_to("nobody@nowhere.1")
    monkeypatch.setattr(check, "DOCS", tmp_path)
    monkeypatch.setattr(studies, "STUDIES", tmp_path)
    assert check.pages_of("coin") == {"index.md"}
