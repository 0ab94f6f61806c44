"""Start a command in the right Python, with the packages it needs and a clean environment."""

import os
import sys

from site_gen.environment import variables
from site_gen.environment.variables import ROOT, VENV
from site_gen.errors import BuildError

WINDOWS = os.name == "nt"
PYTHON = os.path.join(VENV, *(("Scripts", "python.exe") if WINDOWS else ("bin", "python")))
# This option of the interpreter marks a process that `enter` started: it does not start another.
ENTERED = "entered"
# What a stamp stands for. It is written last, and repeats the files it was made from.
SOURCES = {
    ".packages": ("requirements.txt",),
    ".ok": ("pyproject.toml", "requirements.in"),
    ".ok-dev": ("requirements-dev.txt",),
    ".ok-cluster": ("requirements-cluster.txt",),
}


def enter(stamps: tuple[str, ...], arguments: list[str]) -> int | None:
    """Go on in `.venv`, brought up to date, with the environment that `variables.clean` gives.

    Parameters
    ----------
    stamps : tuple of str
        What the command needs, as keys of `SOURCES`.
    arguments : list of str
        The command and its options, handed on as they are.

    Returns
    -------
    int or None
        None in the process that is to do the work; else the exit status of the one that did it.
        Where processes can replace each other (not on Windows), the first never returns.

    Raises
    ------
    BuildError
        If the environment cannot be made.
    """
    asked = os.environ.get(variables.PACKAGES, "")
    if asked not in ("", "installed"):
        raise BuildError(f"{variables.PACKAGES} is {asked!r}: set it to installed, or leave it unset")
    entered = ENTERED in sys._xoptions
    if not variables.uses_venv(os.environ):
        if entered or variables.is_clean(os.environ):
            return None
        return go_on(sys.executable, [*_marked(), *arguments])
    inside = os.path.realpath(sys.prefix) == os.path.realpath(VENV)
    if inside and not made_by_this_version():
        _forget()
        return go_on(base(), ["-m", "site_gen", *arguments])
    if entered:
        return None
    if not current(stamps) or (not inside and _another_is_named()):
        if inside and not current((".packages",)):  # nobody clears the Python that runs
            return go_on(base(), ["-m", "site_gen", *arguments])
        from site_gen.environment import install

        install.bring_up_to_date(stamps, anew=not inside and _another_is_named())
    if inside and variables.is_clean(os.environ):
        return None
    try:
        return go_on(PYTHON, [*_marked(), *arguments])
    except OSError as error:  # another machine's program, or no program at all
        from site_gen.environment import install

        install.report(f"{PYTHON} does not start ({error.strerror})")
        install.bring_up_to_date(stamps, anew=True)
        return go_on(PYTHON, [*_marked(), *arguments])


def current(stamps: tuple[str, ...]) -> bool:
    """Whether `.venv` is an environment with a Python, and holds what these stamps stand for."""
    return os.path.exists(PYTHON) and _has_a_base() and all(is_current(stamp) for stamp in stamps)


def _has_a_base() -> bool:
    """Whether `.venv` says what Python it was made with, and that is there: a copied program starts without it, and fails."""
    try:
        with open(os.path.join(VENV, "pyvenv.cfg"), encoding="utf-8") as file:
            settings = [line.partition("=") for line in file]
    except OSError:
        return False
    return all(os.path.isdir(value.strip()) for name, _, value in settings if name.strip() == "home")


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


def lacks(name: str | None) -> str | None:
    """What to do about a missing package of others; None for a module of ours, which is a mistake of ours."""
    if not name or name.partition(".")[0] in ("experiments", "site_gen", "tests"):
        return None
    if variables.uses_venv(os.environ):
        return f".venv lacks {name}: remove it with `make distclean`, and the same command makes it anew"
    return (
        f"{sys.executable} lacks {name}: install requirements.txt there, or leave {variables.PACKAGES} unset, "
        "and the same command makes an environment of its own"
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


def go_on(python: str, arguments: list[str]) -> int:
    """Run another Python in the place of this one, or wait for it where that cannot be."""
    environment = variables.clean(os.environ)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if WINDOWS:
        return wait_for([python, *arguments], environment)
    os.execve(python, [python, *arguments], environment)


def wait_for(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end and return its exit status; Ctrl-C is left to it."""
    import signal
    import subprocess

    process = subprocess.Popen(command, env=environment)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the console sends it to both
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _marked() -> list[str]:
    return ["-X", ENTERED, "-m", "site_gen"]


def _another_is_named() -> bool:
    """Whether PYTHON asks for another version than `.venv` has."""
    return bool(os.environ.get("PYTHON", "").strip()) and not made_by_this_version()


def _forget() -> None:
    stamp = os.path.join(VENV, ".packages")
    if os.path.exists(stamp):
        os.unlink(stamp)
