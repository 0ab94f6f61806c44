"""What a study declares: settings, points, and claims with the rules that decide their verdicts.

A study is a module in `experiments/studies` with `Setup`, `QUICK`, `FULL`, `PAPER`, `points`,
`CLAIMS` and `VALUES`; CONTRIBUTING.md shows one from top to bottom.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from experiments import suggest
from experiments.measures.statistics import Measurement
from experiments.runs import Runs

if TYPE_CHECKING:
    import xarray as xr

VERDICTS = ("supported", "refuted", "depends", "untested")
RUNS_AT_A_TIME = 8  # of a point: as many are computed together

# ------------------------------------------------------------------------------ settings and points


def setting(default: Any, words: str) -> Any:
    """A setting of a study with what it is, in words that pages print: a field of its `Setup`."""
    return field(default=default, metadata={"words": words})


@dataclass(frozen=True)
class Learning:
    """Settings that every study has which trains on images; its `Setup` adds its own."""

    data: str = setting("digits", "what is learned")
    inputs: str = setting("raw", "grey values as they are (raw), or standardized")
    optimizer: str = setting("SGD", "stochastic gradient descent (SGD), or the same with momentum")


def call(function: Callable[..., xr.Dataset], setup: Any, **values: Any) -> partial:
    """A point of a study: a function to call, with plain values.

    A parameter that is not given takes the setting of its name, and `runs` takes the `Runs` of the
    setup. So a point holds exactly what its function takes, and a change of any other setting does
    not run it again.

    Raises
    ------
    ValueError
        If a parameter is neither given nor a setting.
    """
    given = dict(values)
    for name, parameter in inspect.signature(function).parameters.items():
        if name in given or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name == "runs":
            given[name] = Runs(setup.seed, setup.runs)
        elif hasattr(setup, name):
            given[name] = getattr(setup, name)
        elif parameter.default is parameter.empty:
            known = [one.name for one in dataclasses.fields(setup)]
            raise ValueError(f"{function.__name__}: {suggest.unknown('setting', name, known)}")
    return partial(function, **given)


def described(point: partial) -> str:
    """A point in words: its function and every value. Equal words mean equal results."""
    given = ", ".join(
        [*map(repr, point.args), *(f"{k}={v!r}" for k, v in sorted(point.keywords.items()))]
    )
    return f"{point.func.__name__}({given})"


def work(study: ModuleType, setup: Any) -> dict[str, partial]:
    """The points of a study by file name, those with many runs in groups of `RUNS_AT_A_TIME`."""
    found: dict[str, partial] = {}
    for key, point in study.points(setup).items():
        names = [name for name, one in point.keywords.items() if isinstance(one, Runs)]
        groups = [] if not names else list(point.keywords[names[0]].groups(RUNS_AT_A_TIME))
        if len(groups) < 2:
            found[key] = point
            continue
        for runs in groups:
            found[f"{key}-runs-{runs.first:02d}"] = partial(point, **{names[0]: runs})
    return found


# --------------------------------------------------------------------------------- rules and claims


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
    hundred = of.startswith(("%", "percentage point"))
    return f"{_number(100 * number if hundred else number)} {of}".strip()


def _number(number: float) -> str:
    """A number as people write it: 1e-9 and 1e6, with a true minus in front."""
    shown = re.sub(r"e\+?(-?)0*", r"e\1", f"{float(f'{number:.12g}'):g}")
    return shown.replace("-", "−", 1) if number < 0 else shown


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
