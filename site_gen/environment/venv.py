"""The project's environment, `.venv`: its Python, and whether it holds what a command needs."""

import os
import sys

from site_gen.environment import variables
from site_gen.environment.variables import ROOT, VENV

WINDOWS = os.name == "nt"
PYTHON = os.path.join(VENV, *(("Scripts", "python.exe") if WINDOWS else ("bin", "python")))
# What a stamp stands for. It is written last, and repeats the files it was made from.
SOURCES = {
    ".packages": ("requirements.txt",),
    ".ok": ("pyproject.toml", "requirements.in"),
    ".ok-dev": ("requirements-dev.txt",),
    ".ok-cluster": ("requirements-cluster.txt",),
}


def current(stamps: tuple[str, ...]) -> bool:
    """Whether `.venv` is an environment with a Python, and holds what these stamps stand for."""
    return os.path.exists(PYTHON) and _has_a_base() and all(is_current(stamp) for stamp in stamps)


def _has_a_base() -> bool:
    """Whether the Python that `.venv` was made with is still there.

    A copy of its program starts without it, and then fails.
    """
    try:
        with open(os.path.join(VENV, "pyvenv.cfg"), encoding="utf-8") as file:
            settings = [line.partition("=") for line in file]
    except OSError:
        return False
    bases = [value.strip() for name, _, value in settings if name.strip() == "home"]
    return all(map(os.path.isdir, bases))


def is_current(stamp: str) -> bool:
    """Whether a stamp repeats the files it stands for."""
    try:
        with open(os.path.join(VENV, stamp), "rb") as file:
            return file.read().partition(b"\n")[2] == content(stamp)
    except OSError:
        return False


def content(stamp: str) -> bytes:
    """Return what a stamp repeats; for the project in place, its location too."""
    parts = [os.fsencode(ROOT)] if stamp == ".ok" else []
    for name in SOURCES[stamp]:
        with open(os.path.join(ROOT, name), "rb") as file:
            parts.append(file.read().replace(b"\r\n", b"\n"))
    return b"\n".join(parts)


def lacks(name: str | None) -> str | None:
    """What to do about a missing package; None for a module of this project.

    That is a mistake of ours, whose traceback is wanted.
    """
    if not name or name.partition(".")[0] in ("experiments", "site_gen", "tests"):
        return None
    if variables.uses_venv(os.environ):
        remedy = "remove it with `make distclean`, and the same command makes it anew"
        return f".venv lacks {name}: {remedy}"
    return (
        f"{sys.executable} lacks {name}: install requirements.txt there, or leave "
        f"{variables.PACKAGES} unset, and the same command makes an environment of its own"
    )


def version() -> bytes:
    """Return the name of this Python's version, the first line of every stamp."""
    return str(sys.implementation.cache_tag).encode()


def made_by_this_version() -> bool:
    """Whether `.venv` holds packages for the Python that runs; True before there are any."""
    try:
        with open(os.path.join(VENV, ".packages"), "rb") as file:
            return file.readline().strip() in (version(), b"")
    except OSError:
        return True


def base() -> str:
    """Return the Python that this environment was made with."""
    named = getattr(sys, "_base_executable", None) or ""
    return named if os.path.exists(named) else os.path.realpath(sys.executable)
