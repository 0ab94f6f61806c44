"""What a study is: its claims, how a verdict is computed from measurements, and where studies are found.

A study is a module in `experiments/studies` with `Setup`, `QUICK`, `FULL`, `PAPER`, `Point`, `points`, `run`, `CLAIMS`
and `VALUES`; CONTRIBUTING.md shows one from top to bottom.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from experiments import suggest
from experiments.measures.statistics import Measurement

if TYPE_CHECKING:
    import xarray as xr

VERDICTS = ("supported", "refuted", "depends", "untested")
ROOT = Path(__file__).resolve().parents[1]
STUDIES = ROOT / "experiments" / "studies"


@dataclass(frozen=True)
class Case:
    """One condition under which a claim is put to the test.

    Parameters
    ----------
    when : str
        The condition in words ("at batch size 2"); empty if the claim has only one.
    measure : callable
        Results of the study → `Measurement`.
    holds : callable
        `Measurement` → True, False, or None where the interval straddles the threshold.
    rule : str
        The threshold in words, as declared before the run ("at least 1.5 times as many steps").
    """

    when: str
    measure: Callable[[xr.Dataset], Measurement]
    holds: Callable[[Measurement], bool | None]
    rule: str


@dataclass(frozen=True)
class Claim:
    """A sentence that people say about batch normalization, and the test that decides it.

    Parameters
    ----------
    id : str
        Lower-case words joined by hyphens, unique over all studies.
    says : str
        The claim as it is made, in our own words.
    source : str
        Who makes it: a key of docs/references.json, or a kind of text that makes it often: "reader" (a question from
        readers), "demo", "overview", "post" or "thread".
    cases : tuple of Case
        The tests. The first is the headline that `claims.json` quotes. Empty only for `untested`.
    verdict : str
        What the prose says: one of `VERDICTS`. The build compares it with `measured_verdict`.
    figure : str
        The id of the figure that shows the measurement.
    because : str
        One sentence: why the verdict is what it is, or why the claim is not tested here.
    """

    id: str
    says: str
    source: str
    cases: tuple[Case, ...]
    verdict: str
    figure: str
    because: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(
                f"claim {self.id}: {suggest.unknown('verdict', str(self.verdict), VERDICTS)}"
            )
        if bool(self.cases) == (self.verdict == "untested"):
            raise ValueError(
                f"claim {self.id}: a claim has cases unless it is untested, and then it has none"
            )


def measured_verdict(outcomes: Iterable[bool | None]) -> str:
    """The verdict that measurements give: all cases hold, none does, some do; or too few runs to tell.

    Returns
    -------
    str
        "supported", "refuted", "depends", "undecided" (an interval straddles its threshold), or "untested" (no case).
    """
    outcomes = list(outcomes)
    if not outcomes:
        return "untested"
    if any(outcome is None for outcome in outcomes):
        return "undecided"
    return "supported" if all(outcomes) else "depends" if any(outcomes) else "refuted"


def is_source(path: Path) -> bool:
    """Whether a file is one that somebody wrote: editors' and systems' leftovers begin with `.` or `#` or end in `~`.

    Packages' own files, which begin with `_`, are no sources of studies or figures either.
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
        If there is no such study, or its file cannot be imported: names file and line, and what is wrong there.
    """
    name = canonical(name)
    check_name(name)
    return import_source(f"experiments.studies.{name}", STUDIES / f"{name}.py")


def check_name(name: str) -> None:
    """Raise a `ValueError` that names the file if Python cannot import a study of this name, such as "coin (1)"."""
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
        If that fails: in one sentence, with the line of that file at which it failed. Whatever the file does while it
        is imported, nobody sees a traceback, and other files are not touched.
    """
    try:
        return importlib.import_module(module)
    except SyntaxError as error:
        where = Path(error.filename or path)
        raise ValueError(
            f"{shown(where)}:{error.lineno or 1}: {error.msg}. Mend the syntax."
        ) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a file may fail in any way while it is imported
        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{shown(path)}:{line_of_failure(error, path)}: {said}") from None


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
    """Make sure that a study has what it needs from outside under these settings, before any of its points runs.

    A study that needs something which the repository does not hold, such as data, says so in a function
    `requires(setup)`; a study without that function needs nothing.

    Raises
    ------
    ValueError
        If something is missing: says what, and where it goes.
    """
    if hasattr(study, "requires"):
        study.requires(setup)


def combine(parts: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Merge the results of a study's points along their coordinates, in the order of the points' names."""
    import xarray as xr

    ordered = [parts[name] for name in sorted(parts)]
    if len(ordered) == 1:
        return ordered[0]
    return xr.merge(ordered, join="outer", compat="no_conflicts", combine_attrs="override")
