"""The worker processes: one BLAS thread each, and deaf to Ctrl-C, which the parent answers for them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

from loky import get_reusable_executor
from pytask_parallel import ParallelBackend, execute, registry

_Sleeper = execute._Sleeper
LOOK_AGAIN = [
    0.001,
    0.01,
    0.03,
]  # seconds: at once while units turn out to be up to date, later while workers work
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def workers() -> int:
    """How many workers to start: the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def register() -> None:
    """Make pytask-parallel's `custom` backend start our workers, and have it look at them often.

    It sleeps up to a second between looks; with many units of a second each, that would be a good part of the build.
    """
    execute._Sleeper = partial(_Sleeper, timings=LOOK_AGAIN)
    registry.register_parallel_backend(ParallelBackend.CUSTOM, Workers)


class Workers(Executor):
    """Loky workers that have set their thread counts before NumPy is loaded, so that bits do not depend on them.

    Leaving the context stops them at once. After a finished build they are idle; after Ctrl-C what they were writing
    stays unseen, since files are renamed only when whole.
    """

    def __init__(self, n_workers: int) -> None:
        self._pool = get_reusable_executor(
            max_workers=n_workers, timeout=60, initializer=_prepare, env=ONE_THREAD
        )

    def submit(self, function: Callable, /, *args: Any, **kwargs: Any) -> Future:
        """Queue a call."""
        return self._pool.submit(function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop the workers, whatever they are doing."""
        self._pool.shutdown(wait=wait, kill_workers=True)


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
