"""Where units run: local processes, or a Dask scheduler's workers; both as `concurrent.futures`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
import warnings
from concurrent.futures import Executor
from importlib import metadata
from typing import Any

from site_gen import paths
from site_gen.errors import BuildError
from site_gen.files import Hashes
from site_gen.pipeline.fingerprint import PACKAGES, digest

PATIENCE = 30  # seconds to wait for a scheduler and for its first worker


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Processes:
    """Worker processes on this machine, by loky; the environment gives each one BLAS thread."""

    lost = "a worker process ended: if memory is short, close other programs"

    def __init__(self, count: int | None = None) -> None:
        self.count = count or cores()

    def start(self) -> Executor:
        """An executor; a new one if the last one broke."""
        from loky import get_reusable_executor

        # loky replaces workers that grew by 300 MB, which is harmless.
        warnings.filterwarnings(
            "ignore", message="A worker (was restarted|stopped) while some jobs"
        )
        try:
            return get_reusable_executor(
                max_workers=self.count,
                timeout=600,
                initializer=_prepare,
                initargs=(os.getpid(),),
                kill_workers=True,
            )
        except (ImportError, OSError) as error:
            raise BuildError(
                f"worker processes cannot be started here ({error}): they need semaphores, "
                "which Linux keeps in /dev/shm: "
                "make it a folder that can be written, with some space"
            ) from None

    def stop(self, executor: Executor) -> None:
        """End the workers at once: nothing of a unit is stored before it is complete."""
        executor.shutdown(wait=True, kill_workers=True)


def _prepare(parent: int) -> None:
    """Leave Ctrl-C to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    follow(parent)


def follow(parent: int) -> None:
    """End when the process that started this one does, however it ends."""
    import psutil

    def look() -> None:
        # Another process adopts the children of one that ended; Windows keeps the parent's id, so
        # look whether it exists.
        while os.getppid() == parent and psutil.pid_exists(parent):
            time.sleep(0.3)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


class Here:
    """A thread of this process, for the last stages: shorter than the start of processes."""

    lost = "it was stopped"
    count = 1

    def start(self) -> Executor:
        """An executor."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(1)

    def stop(self, executor: Executor) -> None:
        """End after the running unit, which takes a second or two."""
        executor.shutdown(cancel_futures=True)


class Cluster:
    """The workers of a Dask scheduler: separate disks, but the same code and libraries.

    Parameters
    ----------
    address : str
        Of the scheduler, such as tcp://192.168.0.2:8786.
    """

    lost = "a worker of the scheduler ended again and again"

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise BuildError(
                "SCHEDULER= needs Dask, which is not installed: "
                "run `make site SCHEDULER=…`, which installs it"
            ) from None
        warnings.filterwarnings("ignore", message="Sending large graph")
        # `check` reports what matters
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            self.client = Client(address, timeout=PATIENCE, set_as_default=False)
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, ValueError, TimeoutError) as error:
            reason = error or type(error).__name__
            raise BuildError(
                f"SCHEDULER={address}: no scheduler with a worker answers there ({reason}). "
                "Start them with `make scheduler` and `make worker SCHEDULER=…`"
            ) from None
        self._agree()
        self.count = sum(self.client.nthreads().values())
        self.seen = time.monotonic()  # when there was a worker last

    def check(self) -> None:
        """Check that there are workers: without any, Dask would wait for ever.

        Raises
        ------
        BuildError
            If the scheduler is gone, or has had no worker for half a minute.
        """
        again = "then run the same command again, which goes on from there"
        if self.client.status != "running":
            raise BuildError(
                f"the scheduler does not answer any more: start it with `make scheduler`, {again}"
            )
        if self.client.scheduler_info()["workers"]:
            self.seen = time.monotonic()
        elif time.monotonic() - self.seen > PATIENCE:
            raise BuildError(
                "the scheduler has no worker any more: "
                f"start one with `make worker SCHEDULER=…`, {again}"
            )

    def _agree(self) -> None:
        ours = identity()
        for address, theirs in self.client.run(identity).items():
            wrong = [name for name in ours if ours[name] != theirs.get(name)]
            if wrong:
                found, wanted = theirs.get(wrong[0], "none"), ours[wrong[0]]
                raise BuildError(
                    f"the worker {address} has another {wrong[0]} ({found}, here {wanted}): "
                    "bring its clone to the same commit, start it again with `make worker`, "
                    "and build again"
                )

    def start(self) -> Executor:
        """An executor."""
        return self.client.get_executor(pure=False)

    def stop(self, executor: Executor) -> None:
        """Leave the workers to their scheduler; what is still queued there is cancelled."""
        self.client.close()


def identity() -> dict[str, str]:
    """What determines a worker's output: Python, libraries, and the code of this repository."""
    folders = [paths.ROOT / name for name in PACKAGES]
    sources = [paths.relative(path) for folder in folders for path in paths.sources(folder)]
    hashes = Hashes()
    libraries = (
        "numpy",
        "scipy",
        "xarray",
        "pandas",
        "matplotlib",
        "pillow",
        "av",
        "mkdocs",
        "mkdocs-material",
    )
    return {
        "Python": ".".join(map(str, sys.version_info[:2])),
        **{name: metadata.version(name) for name in libraries},
        "code": digest(*(text for path in sources for text in (path, hashes.of(path) or ""))),
    }


def is_lost(error: Any) -> bool:
    """Whether an error means that a worker ended, whatever unit it was making."""
    from concurrent.futures import BrokenExecutor, CancelledError

    return isinstance(error, BrokenExecutor | CancelledError) or type(error).__name__ in (
        "KilledWorker",
        "CommClosedError",
    )
