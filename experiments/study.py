"""What a study is: its claims, how a verdict is computed from measurements, and where studies are found.

A study is a module in `experiments/studies` with `Setup`, `QUICK`, `FULL`, `PAPER`, `Point`, `points`, `run`, `CLAIMS`
and `VALUES`; CONTRIBUTING.md shows one from top to bottom.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from experiments.measures.statistics import Measurement

if TYPE_CHECKING:
    import xarray as xr

VERDICTS = ("supported", "refuted", "depends", "untested")
STUDIES = Path(__file__).parent / "studies"


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
            raise ValueError(f"claim {self.id}: verdict {self.verdict!r} is not one of {', '.join(VERDICTS)}")
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


def names() -> list[str]:
    """The studies that exist, in alphabetical order: the file names of `experiments/studies`."""
    return sorted(path.stem for path in STUDIES.glob("[!_]*.py"))


def load(name: str) -> ModuleType:
    """Import a study.

    Raises
    ------
    ValueError
        If there is no such study; the message lists those that exist.
    """
    if name not in names():
        raise ValueError(f"there is no study {name!r}; the studies are: {', '.join(names())}")
    return importlib.import_module(f"experiments.studies.{name}")


def combine(parts: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Merge the results of a study's points along their coordinates, in the order of the points' names."""
    import xarray as xr

    ordered = [parts[name] for name in sorted(parts)]
    return ordered[0] if len(ordered) == 1 else xr.merge(ordered, join="outer", compat="no_conflicts",
                                                         combine_attrs="override")  # fmt: skip
