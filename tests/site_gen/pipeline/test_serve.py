"""Serving while writing: a changed page is seen at once, and nothing outlives the command."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from experiments.profile import Profile
from site_gen import paths
from site_gen.errors import BuildError
from site_gen.pipeline import serve
from tests.conftest import Repository
from tests.site_gen.pipeline.test_run import PATIENCE, free_port, slow, until, workers


def page(port: int) -> str:
    """The first page as a browser gets it; empty while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


@contextmanager
def serving(repository: Repository, port: int) -> Iterator[subprocess.Popen]:
    process = repository.start("serve", "--port", str(port))
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_changed_page_is_seen_and_nothing_is_left(
    built: Repository, ending: signal.Signals
) -> None:
    port = free_port()
    with serving(built, port) as process:
        until(lambda: "A page for tests" in page(port))
        built.edit("docs/index.md", "It shows heads", "Here it shows heads")
        until(lambda: "Here it shows heads" in page(port))
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(ending)
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, output
        assert "Traceback" not in output
        assert not psutil.wait_procs(below, timeout=15)[1]
        assert not page(port)


@pytest.mark.parametrize("ending", [signal.SIGHUP, signal.SIGKILL])
def test_a_build_ends_with_a_server_that_is_killed(
    unbuilt: Repository, ending: signal.Signals
) -> None:
    slow(unbuilt, 20.0)
    with serving(unbuilt, free_port()) as process:
        until(lambda: len(workers(process)) == 2)
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(ending)
        assert not psutil.wait_procs(below, timeout=15)[1]


def test_a_scheduler_ends_with_its_command(built: Repository) -> None:
    port = free_port()
    process = built.start("scheduler", "--port", str(port))
    try:
        until(lambda: _answers(port))
        process.terminate()
        process.communicate(timeout=PATIENCE)
        assert not _answers(port)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_a_mistake_on_a_page_is_told_and_mended(built: Repository) -> None:
    port = free_port()
    with serving(built, port) as process:
        until(lambda: page(port))
        built.edit("docs/index.md", 'figure("coin-heads")', 'figure("coin-head")')
        time.sleep(2)
        assert page(port)
        built.edit("docs/index.md", 'figure("coin-head")', 'figure("coin-heads")')
        built.edit("docs/index.md", "It shows heads", "Again it shows heads")
        until(lambda: "Again it shows heads" in page(port))
        process.send_signal(signal.SIGHUP)  # the terminal is closed
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0


def test_a_taken_port_ends_the_command_and_is_named(built: Repository) -> None:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        cwd=built.root,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: page(port) or (server.poll() is None and _answers(port)))
        ran = built.run("serve", "--port", str(port))
        assert ran.returncode == 1
        assert str(port) in ran.stderr and "PORT=" in ran.stderr
    finally:
        server.terminate()
        server.wait()


def test_a_port_that_is_taken_during_the_first_build_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    with socket.socket() as another:

        def build(builds: object) -> SimpleNamespace:
            another.bind(("127.0.0.1", port))
            return SimpleNamespace(wait=lambda: 0)

        monkeypatch.setattr(serve._Builds, "whole", build)
        monkeypatch.setattr(serve.signal, "signal", lambda *_: None)
        with pytest.raises(BuildError, match=f"port {port} cannot be used"):
            serve.run(Profile(), port)


def test_a_file_that_vanishes_while_sources_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As editors do when they save: the new file is renamed to the old one's name."""
    (tmp_path / "mkdocs.yml").touch()
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "sources", lambda top: [top / "gone.md"])
    assert serve._Builds(Profile()).seen.keys() == {"mkdocs.yml"}


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
