"""The environment of the project, `.venv`: its Python, and whether it holds what a command needs."""

import os
import sys

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
    """Whether `.venv` has a Python and holds what these stamps stand for."""
    return os.path.exists(PYTHON) and all(is_current(stamp) for stamp in stamps)


def is_current(stamp: str) -> bool:
    """Whether a stamp repeats the files it stands for."""
    try:
        with open(os.path.join(VENV, stamp), "rb") as file:
            return file.read().partition(b"\n")[2] == content(stamp)
    except OSError:
        return False


def content(stamp: str) -> bytes:
    """Return what a stamp repeats. The project in place depends on where it lies, too."""
    parts = [os.fsencode(ROOT)] if stamp == ".ok" else []
    for name in SOURCES[stamp]:
        with open(os.path.join(ROOT, name), "rb") as file:
            parts.append(file.read().replace(b"\r\n", b"\n"))
    return b"\n".join(parts)


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
