"""One worker, two or a cluster give the same; killed workers, killed parents, other settings."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from types import SimpleNamespace

import psutil
import pytest

from site_gen.errors import BuildError
from site_gen.pipeline.workers import Cluster
from tests.conftest import Repository, small_repository
from tests.site_gen.pipeline.test_build import STUDY, made, stopped

HEADS = "site_gen/figures/coin__heads.py"
PATIENCE = 60  # seconds for what takes a few on a quiet machine


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> object:
    """Wait for something; what it gave, or an assertion."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def workers(process: subprocess.Popen) -> list[psutil.Process]:
    """The worker processes of a build."""
    below = psutil.Process(process.pid).children(recursive=True)
    return [one for one in below if "popen_loky" in " ".join(one.cmdline())]


def slow(repository: Repository, seconds: float) -> None:
    repository.edit(STUDY, "setting(0.0, ", f"setting({seconds}, ")


def test_one_worker_makes_the_bytes_of_two(unbuilt: Repository, built: Repository) -> None:
    made(unbuilt, "site", "--workers", "1")
    assert unbuilt.bytes_of("site") == built.bytes_of("site")


def test_a_killed_worker_costs_no_byte(unbuilt: Repository, built: Repository) -> None:
    slow(unbuilt, 2.0)
    process = unbuilt.start("study", "coin")
    victim = until(lambda: workers(process))[0]
    time.sleep(0.5)
    victim.kill()
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert unbuilt.bytes_of("build/results") == built.bytes_of("build/results")


def test_a_unit_that_always_loses_its_worker_is_named(unbuilt: Repository) -> None:
    ends = "    import os\n\n    if coin == 2 and runs.first:\n        os._exit(1)\n"
    unbuilt.edit(STUDY, "    time.sleep(pause)\n", ends)
    said = stopped(unbuilt, "study", "coin")
    assert "coin/coin-2" in said and "3 times" in said
    assert len(unbuilt.bytes_of("build/results")) == 5


@pytest.mark.parametrize("command", [("study", "coin"), ("serve", "--port", str(free_port()))])
def test_workers_end_with_their_parent(unbuilt: Repository, command: tuple[str, ...]) -> None:
    slow(unbuilt, 20.0)
    process = unbuilt.start(*command)
    found = until(
        lambda: len(workers(process)) == 2 and psutil.Process(process.pid).children(recursive=True)
    )
    time.sleep(1)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(found, timeout=15)
    assert not alive


def test_what_was_finished_when_the_parent_was_killed_is_not_run_again(unbuilt: Repository) -> None:
    slow(unbuilt, 1.0)
    process = unbuilt.start("study", "coin")
    while "coin/coin-1-runs-00" not in (line := process.stdout.readline()):
        assert line
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    ran = unbuilt.run("study", "coin")
    assert ran.returncode == 0 and "coin/coin-1-runs-00" not in ran.stdout


def test_settings_are_changed_without_editing_and_kept_apart(built: Repository) -> None:
    """Claims, pages and figures of a coin that is left out are marked, and nothing stops."""
    built.edit(STUDY, 'value("heads")', 'value("heads", coin=3)')
    built.edit(HEADS, 'results["heads"]', 'results["heads"].sel(coin=[1, 3])')
    made(built)
    published = built.bytes_of("build/results/full")
    ran = built.run("study", "coin", "--set", "coin.coins=1,2")
    assert ran.returncode == 0, ran.stderr
    assert "untested   coin-is-fair (declared supported)" in ran.stdout
    assert 'Not the published settings: SET="coin.coins=1,2"\n' in ran.stdout
    assert built.bytes_of("build/results/full") == published
    ran = built.run("pages", "--set", "coin.coins=1,2")
    assert ran.returncode == 0, ran.stderr
    for page in ("index.md", "figures/coin-heads/index.md"):
        text = (built.root / "build/docs" / page).read_text()
        assert "not for citation" in text and "coin.coins=1,2" in text
    assert "not measured" in (built.root / "build/docs/index.md").read_text()
    (about,) = (built.root / "build/figures").glob("full-set-*/coin-heads/coin-heads.csv")
    assert "coin.coins=1,2" in about.read_text()
    assert "result" not in made(built, "site")
    assert "not for citation" not in (built.root / "site/index.html").read_text()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("coin.tosses=many", ["coin.tosses is a whole number", "'many'"]),
        ("coin.toses=5", ["no setting of coin 'toses'", "did you mean tosses?"]),
        ("dice.tosses=5", ["no study 'dice'"]),
        ("tosses=5", ["cannot be read at 'tosses=5'", "SET="]),
    ],
)
def test_settings_that_cannot_be_are_told_in_a_sentence(
    built: Repository, text: str, told: list[str]
) -> None:
    said = stopped(built, "study", "coin", "--set", text)
    for words in told:
        assert words in said


def test_recorded_results(built: Repository) -> None:
    built.edit(STUDY, "\nCLAIMS = {", '\nRECORDED = {"full": ("coin-1-*",)}\n\nCLAIMS = {')
    said = stopped(built, "site")
    assert "'coin-1-runs-00' is not recorded yet" in said and "make record ID=coin" in said
    site = built.bytes_of("site")
    ran = built.run("record", "coin")
    assert ran.returncode == 0, ran.stderr
    folder = built.root / "experiments/recorded/coin/full"
    about = json.loads((folder / "coin-1-runs-00.json").read_text())
    assert {"fingerprint", "versions", "machine", "seconds", "sha256"} <= about.keys()
    ran = built.run("site")
    assert (
        ran.returncode == 0
        and "  check  " in ran.stdout
        and "2 recorded results were used" in ran.stdout
    )
    changed = {name for name, raw in built.bytes_of("site").items() if site.get(name) != raw}
    assert not [name for name in changed if name.endswith((".svg", ".csv", ".gif"))]
    assert "make record ID=coin" in (built.root / "site/figures/coin-heads/index.html").read_text()
    assert "From recorded results" in (built.root / "site/index.html").read_text()
    told = json.loads((built.root / "site/figures.json").read_text())["figures"]
    assert {tuple(one["recorded"]["points"]) for one in told} == {
        ("coin-1-runs-00", "coin-1-runs-08")
    }
    whole = (folder / "coin-1-runs-00.nc").read_bytes()
    (folder / "coin-1-runs-00.nc").write_bytes(whole[:-1] + b"x")
    assert "is damaged" in stopped(built, "site")
    (folder / "coin-1-runs-00.nc").write_bytes(whole)
    built.edit(STUDY, "rng.integers(0, 2,", "rng.integers(0, 1 + 1,")
    assert f"was recorded before a change of {STUDY}: toss" in stopped(built, "site")


def test_a_cluster_in_which_nobody_works_is_told() -> None:
    cluster = object.__new__(Cluster)
    found: dict[str, dict] = {"workers": {"one": {}}}
    cluster.client = SimpleNamespace(status="running", scheduler_info=lambda: found)
    cluster.seen = time.monotonic() - 31
    cluster.check()
    found["workers"].clear()
    cluster.check()  # somebody was there a moment ago
    cluster.seen -= 31
    with pytest.raises(BuildError, match="has no worker any more: start one with `make worker"):
        cluster.check()
    cluster.client.status = "connecting"
    with pytest.raises(
        BuildError, match="does not answer any more: start it with `make scheduler`"
    ):
        cluster.check()


def test_a_cluster_that_shares_no_disk_makes_the_same_bytes(
    unbuilt: Repository, built: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = small_repository(tmp_path_factory.mktemp("another-clone"))
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    started = [
        other.start("scheduler", "--port", str(port)),
        other.start("worker", "--scheduler", address, "--workers", "2"),
    ]
    try:
        made(unbuilt, "site", "--scheduler", address)
        assert unbuilt.bytes_of("site") == built.bytes_of("site")
        assert not (other.root / "build").exists()
        unbuilt.edit(STUDY, "setting(400, ", "setting(500, ")
        assert "another code" in stopped(unbuilt, "site", "--scheduler", address)
        unbuilt.edit(STUDY, "setting(500, ", "setting(400, ")
        process = unbuilt.start("study", "coin", "--scheduler", address, "--set", "coin.pause=20")
        assert process.stdout.readline().startswith("To make: ")
        time.sleep(1)
        started[0].kill()
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1 and "the scheduler does not answer any more" in said
        assert "Traceback" not in said
    finally:
        below = psutil.Process(started[1].pid).children(recursive=True)
        for process in reversed(started):
            process.kill()
            process.communicate(timeout=PATIENCE)
    assert below and not psutil.wait_procs(below, timeout=15)[1]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port))
