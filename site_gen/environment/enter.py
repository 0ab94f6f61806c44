"""Start a command in the right Python, with the packages it needs and a clean environment."""

import os
import sys

from site_gen.environment import variables, venv
from site_gen.environment.variables import VENV
from site_gen.errors import BuildError

# This option of the interpreter marks a process that `enter` started: it does not start another.
ENTERED = "entered"


def enter(stamps: tuple[str, ...], arguments: list[str]) -> int | None:
    """Go on in `.venv`, brought up to date, with the environment that `variables.clean` gives.

    Parameters
    ----------
    stamps : tuple of str
        What the command needs, as keys of `venv.SOURCES`.
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
        raise BuildError(
            f"{variables.PACKAGES} is {asked!r}: set it to installed, or leave it unset"
        )
    entered = ENTERED in sys._xoptions
    if not variables.uses_venv(os.environ):
        if entered or variables.is_clean(os.environ):
            return None
        return go_on(sys.executable, [*_marked(), *arguments])
    inside = os.path.realpath(sys.prefix) == os.path.realpath(VENV)
    if inside and not venv.made_by_this_version():
        _forget()
        return go_on(venv.base(), ["-m", "site_gen", *arguments])
    if entered:
        return None
    if not venv.current(stamps) or (not inside and _another_is_named()):
        if inside and not venv.current((".packages",)):  # a Python cannot clear its own environment
            return go_on(venv.base(), ["-m", "site_gen", *arguments])
        from site_gen.environment import install

        install.bring_up_to_date(stamps, anew=not inside and _another_is_named())
    if inside and variables.is_clean(os.environ):
        return None
    try:
        return go_on(venv.PYTHON, [*_marked(), *arguments])
    except OSError as error:  # another machine's program, or no program at all
        from site_gen.environment import install

        install.report(f"{venv.PYTHON} does not start ({error.strerror})")
        install.bring_up_to_date(stamps, anew=True)
        return go_on(venv.PYTHON, [*_marked(), *arguments])


def go_on(python: str, arguments: list[str]) -> int:
    """Replace this process by another Python, or, where that is impossible, wait for it."""
    environment = variables.clean(os.environ)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if venv.WINDOWS:
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
    """Whether venv.PYTHON asks for another version than `.venv` has."""
    return bool(os.environ.get("PYTHON", "").strip()) and not venv.made_by_this_version()


def _forget() -> None:
    stamp = os.path.join(VENV, ".packages")
    if os.path.exists(stamp):
        os.unlink(stamp)
