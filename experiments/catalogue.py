"""The studies: the files of `experiments/studies` by name, and why one cannot be imported."""

from __future__ import annotations

import importlib
import re
import traceback
from pathlib import Path
from types import ModuleType

from experiments import suggest

ROOT = Path(__file__).resolve().parents[1]
STUDIES = ROOT / "experiments" / "studies"


def is_source(path: Path) -> bool:
    """Whether a file is source code of a study or a figure.

    Leftovers of editors and systems begin with `.`, `#` or `~`, or do not end in `.py`; a package's
    own files begin with `_`.
    """
    return (
        path.suffix == ".py" and not path.name.startswith((".", "#", "_", "~")) and path.is_file()
    )


def names() -> list[str]:
    """The studies that exist, in alphabetical order: the file names of `experiments/studies`."""
    return sorted(path.stem for path in STUDIES.iterdir() if is_source(path))


def canonical(name: str) -> str:
    """The name of a study as its file has it: hyphens, underscores and case are the same.

    Raises
    ------
    ValueError
        If there is no such study; the message says which one was probably meant.
    """
    known = names()
    found = name if name in known else suggest.same(name, known)
    if found is None:
        raise ValueError(suggest.unknown("study", name, known))
    return found


def load(name: str) -> ModuleType:
    """Import a study; hyphens and underscores in its name are the same.

    Raises
    ------
    ValueError
        If there is no such study, or its file cannot be imported; names the file, the line and the
        fault.
    """
    name = canonical(name)
    check_name(name)
    return import_source(f"experiments.studies.{name}", STUDIES / f"{name}.py")


def check_name(name: str) -> None:
    """Raise a `ValueError` that names the file if its name is no module name: "coin (1)"."""
    if not name.isidentifier():
        raise ValueError(
            f"{shown(STUDIES / f'{name}.py')}: Python cannot import a file of this name; "
            "write it with letters, digits and underscores"
        )


def import_source(module: str, path: Path) -> ModuleType:
    """Import the module of a file.

    Raises
    ------
    ValueError
        If the import fails in any way. The message is one sentence with the line that failed, and
        no traceback, so that other files can still be imported.
    """
    try:
        return importlib.import_module(module)
    except SyntaxError as error:
        where = Path(error.filename or path)
        raise ValueError(
            f"{shown(where)}:{error.lineno or 1}: {error.msg}. Mend the syntax."
        ) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an import may fail in any way
        raise ValueError(f"{shown(path)}:{line_of_failure(error, path)}: {_said(error)}") from None


def _said(error: BaseException) -> str:
    """What went wrong; of a name that does not exist, also which one was probably meant."""
    if isinstance(error, ValueError):
        return str(error)
    missing = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", str(error))
    if missing:
        return f"in {missing[2]}, {suggest.unknown('name', missing[1], _public(missing[2]))}"
    if re.search(r"^Setup\(\) takes no arguments|overwrite .* in class Setup$", str(error)):
        return "Setup declares no settings; write `class Setup(Settings):`, without a decorator"
    if isinstance(error, NameError):
        words = _public("experiments.claims") + _public("experiments.study")
        told = suggest.unknown("name", str(error.name), words)
        if "did you mean" in told:
            return told
    return f"{type(error).__name__}: {error}"


def _public(module: str) -> list[str]:
    return [name for name in dir(importlib.import_module(module)) if not name.startswith("_")]


def line_of_failure(error: BaseException, path: Path) -> int:
    """The innermost line of a file that an error came through; 1 if it came through none."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path and frame.lineno
    ]
    return lines[-1] if lines else 1


def shown(path: Path) -> str:
    """A path as messages show it: from the top of the repository where it lies inside."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def check_requirements(study: ModuleType, setup: object) -> None:
    """Check, before any point runs, that a study has what it needs from outside the repository.

    A study that needs such a thing, for example data to be downloaded, checks for it in a function
    `requires(setup)`; a study without that function needs nothing.

    Raises
    ------
    ValueError
        If something is missing; says what, and where it belongs.
    """
    if hasattr(study, "requires"):
        study.requires(setup)
