"""A Dask scheduler and its workers, started with what we know of them; Dask does the rest."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys

from experiments.profile import Profile
from site_gen import files, paths
from site_gen.environment import enter
from site_gen.errors import BuildError
from site_gen.pipeline import session
from site_gen.pipeline.fingerprint import PACKAGES
from site_gen.pipeline.workers import cores

SCHEDULER, WORKER = "distributed.cli.dask_scheduler", "distributed.cli.dask_worker"
COPY = paths.BUILD / "cluster-demo"


def scheduler(port: int) -> int:
    """Become a scheduler. Its port lets anyone run code on the workers: trusted networks only."""
    free(port, "")
    address = f"tcp://{socket.gethostname()}:{port}"
    print(f"Scheduler at {address}. On each other machine: make worker SCHEDULER={address}")
    print(
        "Anybody who reaches this port can run programs on the workers: "
        "use it in a network that you trust.",
        flush=True,
    )
    return enter.go_on(sys.executable, ["-m", SCHEDULER, "--port", str(port), "--no-dashboard"])


def worker(address: str, count: int | None) -> int:
    """Become the workers of a scheduler: one process for each core, each with one thread."""
    if not address:
        raise BuildError("say which scheduler: make worker SCHEDULER=tcp://host:8786")
    os.chdir(paths.ROOT)
    return enter.go_on(sys.executable, _working(address, count or cores()))


def _working(address: str, count: int) -> list[str]:
    options = ["--nworkers", str(count), "--nthreads", "1", "--no-dashboard", "--memory-limit", "0"]
    return ["-m", WORKER, address, *options]


def free(port: int, host: str = "127.0.0.1") -> None:
    """Raise a `BuildError` if a port is taken."""
    with socket.socket() as probe:
        if os.name == "posix":  # where it lets nobody take a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BuildError(
                f"port {port} cannot be used ({reason}): choose another one with PORT=…"
            ) from None


def demo() -> int:
    """Build the quick profile on a local scheduler and two workers with their own repository."""
    shutil.rmtree(COPY, ignore_errors=True)
    for name in (*PACKAGES, "tests"):  # pages quote them
        for path in paths.sources(paths.ROOT / name):
            files.write_if_changed(COPY / paths.relative(path), files.read(path))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    print(f"A scheduler at {address} and two workers from {paths.relative(COPY)}.", flush=True)
    log, own = (COPY / "log.txt").open("wb"), os.environ | {"PYTHONPATH": str(COPY)}
    # They end by themselves should this process be killed.
    options = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-dashboard",
        "--idle-timeout",
        "60s",
    ]
    started = [
        subprocess.Popen(
            [sys.executable, *command], cwd=COPY, env=own, stdout=log, stderr=subprocess.STDOUT
        )
        for command in (["-m", SCHEDULER, *options], _working(address, 2))
    ]
    try:
        with session.alone():
            found = session.Session(Profile("quick"), address)
            outcome = found.up_to_date(found.plan.upto("site"))
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait()
        log.close()
    if outcome.failures or found.plan.broken:
        said = paths.relative(COPY / "log.txt")
        raise BuildError(f"the demonstration failed; what the cluster said is in {said}")
    made, kept = len(outcome.made), len(outcome.kept)
    print(f"\n{made} units were made by the two workers, {kept} were up to date.")
    print(f"Open {paths.SITE / 'index.html'}")
    return 0
