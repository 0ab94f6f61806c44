"""What a study claims: sentences, and the rules and cases that decide their verdicts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from experiments import suggest
from experiments.measures.statistics import Measurement

if TYPE_CHECKING:
    import xarray as xr

VERDICTS = ("supported", "refuted", "depends", "untested")

# ------------------------------------------------------------------------------------------- rules


@dataclass(frozen=True)
class Rule:
    """A comparison of a measurement with a number, and the same in words.

    It answers True if the whole interval agrees, False if the whole interval disagrees, and None if
    the interval straddles the threshold. `above`, `below`, `within` and `between` make rules.

    Attributes
    ----------
    low, high : float
        What lies between them keeps the rule; one may be infinite.
    words : str
        The comparison in words.
    """

    low: float
    high: float
    words: str

    def __call__(self, measured: Measurement) -> bool | None:
        """Whether the measurement keeps the rule."""
        if math.isinf(self.low):
            return measured.below(self.high)
        if math.isinf(self.high):
            return measured.above(self.low)
        return measured.inside(self.low, self.high)


def above(number: float, of: str = "") -> Rule:
    """More than a number; `of` says of what: `above(0.5, "of the test images")`."""
    return Rule(number, math.inf, f"more than {_shown(number, of)}")


def below(number: float, of: str = "") -> Rule:
    """Less than a number; `of` says of what: `below(100, "steps")`."""
    return Rule(-math.inf, number, f"less than {_shown(number, of)}")


def within(target: float, of: str = "", *, relative: float = 0.0, absolute: float = 0.0) -> Rule:
    """No further than `relative · |target| + absolute` from a number."""
    if relative and not target:
        raise ValueError("no share of 0 is a tolerance; write `absolute=`")
    tolerance = relative * abs(target) + absolute
    off = (
        f"within {100 * relative:g} % of "
        if relative
        else f"within {_shown(absolute, of)} of "
        if absolute
        else "exactly "
    )
    words = off + (_number(target) if absolute and not relative else _shown(target, of))
    return Rule(target - tolerance, target + tolerance, words)


def between(low: float, high: float, of: str = "") -> Rule:
    """From one number to another."""
    return Rule(low, high, f"between {_number(low)} and {_shown(high, of)}")


def _shown(number: float, of: str) -> str:
    """A number and what it counts; for per cent and percentage points, 100 times the number."""
    if not isinstance(of, str):
        raise ValueError(f"{of!r} is not what is counted, in words; write a tolerance by its name")
    hundred = of.startswith(("%", "percentage point"))
    return f"{_number(100 * number if hundred else number)} {of}".strip()


def _number(number: float) -> str:
    """A number as people write it: 1e-9 and 1e6, with a true minus in front."""
    shown = re.sub(r"e\+?(-?)0*", r"e\1", f"{float(f'{number:.12g}'):g}")
    return shown.replace("-", "−", 1) if number < 0 else shown


# ------------------------------------------------------------------------------- cases and claims


@dataclass(frozen=True)
class Case:
    """One condition under which a claim is put to the test.

    Parameters
    ----------
    when : str
        The condition in words ("at batch size 2"), and what is measured; empty if it is the only
        case.
    measure : callable
        Results of the study → `Measurement`.
    rule : Rule
        When the claim holds, as declared before the run.
    """

    when: str
    measure: Callable[[xr.Dataset], Measurement]
    rule: Rule


@dataclass(frozen=True)
class Claim:
    """A sentence that people say about batch normalization, and the test that decides it.

    `supported`, `refuted`, `depends` and `untested` make claims; a study's `CLAIMS` has them by id,
    which is lower-case words joined by hyphens, unique over all studies.

    Parameters
    ----------
    verdict : str
        What the prose says: one of `VERDICTS`. The build compares it with `measured_verdict`.
    says : str
        The claim as it is made, in our own words.
    source : str
        Who makes it: a key of docs/references.json, or a kind of text that makes it often: "reader"
        (a question from readers), "demo", "overview", "post" or "thread".
    because : str
        One sentence: why the verdict is what it is, or why the claim is not tested here.
    cases : tuple of Case
        The tests. The first is the headline that `claims.json` quotes. Empty only for `untested`.
    """

    verdict: str
    says: str
    source: str
    because: str
    cases: tuple[Case, ...] = ()

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(suggest.unknown("verdict", str(self.verdict), VERDICTS))
        if bool(self.cases) == (self.verdict == "untested"):
            raise ValueError("a claim has cases unless it is untested, and then it has none")

    def outcomes(self, results: xr.Dataset) -> list[bool | None]:
        """Whether each case holds."""
        return [case.rule(case.measure(results)) for case in self.cases]


supported, refuted, depends, untested = (partial(Claim, verdict) for verdict in VERDICTS)


def measured_verdict(outcomes: Iterable[bool | None]) -> str:
    """The verdict of the measurements: whether all cases hold, some, or none.

    Returns
    -------
    str
        "supported", "refuted", "depends", "undecided" (an interval straddles its threshold), or
        "untested" (no case).
    """
    outcomes = list(outcomes)
    if not outcomes:
        return "untested"
    if any(outcome is None for outcome in outcomes):
        return "undecided"
    return "supported" if all(outcomes) else "depends" if any(outcomes) else "refuted"
