"""What every study must fulfil; each fault is reported with its line and the remedy.

The pipeline calls these functions while it works, so `make study` reports faults before the tests
do. Each raises one ValueError with a line for every fault that it found.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import partial
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import catalogue, suggest
from experiments import study as studies
from experiments.claims import Case, Claim, Rule
from experiments.measures.statistics import Measurement
from experiments.profile import NAMES
from experiments.results import UNITS, combine
from experiments.rules import rules
from experiments.runs import Runs
from experiments.sources import line_of, line_of_field, line_of_literal, repeated_keys
from experiments.study import Settings, described

if TYPE_CHECKING:
    import xarray as xr

LEAST_RUNS = 16  # of a published profile, where anything is random
PROFILES = tuple(profile.upper() for profile in NAMES)
# What a study declares, in the order of a file, and how.
DECLARED = {
    "Setup": "write `class Setup(Settings):` with the settings",
    "QUICK": "write `QUICK = Setup(…)`, the settings of a quick look",
    "FULL": "write `FULL = Setup()`, the settings that are published",
    "PAPER": "write `PAPER = Setup(…)`, the settings of the paper repeated, or of a longer run",
    "points": "write `def points(setup)`, which gives a dict: file name → call(function, setup, …)",
    "CLAIMS": 'write `CLAIMS = {"the-id": supported(…)}`, or `{}` if it claims nothing',
    "VALUES": "write `VALUES = {name: measure}`, or `{}` if no page quotes a number of it",
}
PLAIN = "write settings as numbers, words, None, or tuples of these, since pages show them"
# `study.name.low` is a part of the value `study.name`.
PARTS_OF_VALUES = ("low", "high", "runs", "unit")
STORED = "biufUS"  # kinds of numbers and words that a result file holds
# Measurements that a rule is tried on, to see that it can come out both ways.
TRIES = (
    0.0,
    *(sign * 10.0**power for sign in (1, -1) for power in np.arange(-18, 9, 0.25)),
    *np.linspace(-3, 3, 241),
)
NEAR = (0, 0.5, 0.9, 0.99, 1, 1.01, 1.1, 2, 10, -1)  # times what was measured

Fault = tuple[int, str]  # the line it is on, and one sentence with the remedy


def check_declared(study: ModuleType) -> None:
    """Check what a study's file declares, before anything runs.

    Raises
    ------
    ValueError
        If something is missing or malformed: the question, the settings and their words, the
        profiles, `points`, `CLAIMS`, `VALUES`. One line for each fault: `file:line: what, and the
        remedy`.
    """
    path = Path(study.__file__)
    faults = [*_missing(study, path), *_question(study), *_settings(study, path)]
    if not faults:  # the rest needs all of these
        faults += [*_profiles(study, path), *_claims(study, path), *_values(study, path)]
    if not faults:
        faults += [*_recorded(study, path), *_rules(study, path)]
    _report(path, faults)


def check_result(study: ModuleType, key: str, result: Any) -> None:
    """Check what `run` returned for one point.

    Raises
    ------
    ValueError
        If it is no Dataset, a variable lacks `units` or `long_name`, or a result file cannot hold
        its values.
    """
    import xarray as xr

    path = Path(study.__file__)
    line = line_of(path, "points")
    if not isinstance(result, xr.Dataset):
        remedy = "end its function with `return table(…)`"
        _report(path, [(line, f"the point {key!r} gave a {type(result).__name__}; {remedy}")])
        return
    faults = [
        (line, f"the result of the point {key!r} {fault}") for fault in _faults_of_result(result)
    ]
    _report(path, faults)


def check_together(study: ModuleType, results_by_key: Mapping[str, xr.Dataset]) -> None:
    """Check that the results of all points can be merged, none over another.

    Raises
    ------
    ValueError
        If two points give different numbers at the same coordinates; names both, the variable and
        the coordinates.
    """
    path = Path(study.__file__)
    try:
        merged = combine(results_by_key)
    except ValueError:  # xarray's MergeError is one
        merged = None
    if merged is not None and all(_is_kept(merged, part) for part in results_by_key.values()):
        return
    line = line_of(path, "points")
    for first, second in combinations(sorted(results_by_key), 2):
        if fault := _clash(results_by_key, first, second):
            _report(path, [(line, fault)])
    _report(
        path,
        [(line, "the results of its points cannot be merged; give each a coordinate of its own")],
    )


def check_measured(study: ModuleType, results: xr.Dataset) -> None:
    """Check that every case and every value can be measured, and that every case can fail.

    Parameters
    ----------
    study : module
        The study.
    results : Dataset
        The merged results of all its points, of any profile.

    Raises
    ------
    ValueError
        If a measurement fails or is none, every measurement keeps a rule or every one breaks it (so
        that it tests nothing), or a measurement has lost its unit: it doubles when all variables of
        that unit double, but does not state the unit.
    """
    path = Path(study.__file__)
    faults: list[Fault] = []
    doubled = _doubled(results)
    for key, claim in study.CLAIMS.items():
        for case in claim.cases:
            what = f"claim {key!r}" + (f", {case.when}" if case.when else "")
            measured, fault = _measure(case.measure, results)
            fault = (
                fault
                or never_differs(case, measured)
                or _lost_unit(case.measure, measured, doubled)
            )
            if fault:
                faults.append((line_of_literal(path, key), f"{what}: {fault}"))
    for name, measure in study.VALUES.items():
        measured, fault = _measure(measure, results)
        if fault := fault or _lost_unit(measure, measured, doubled):
            faults.append((line_of_literal(path, name), f"value {name!r}: {fault}"))
    _report(path, faults)


def never_differs(case: Case, measured: Measurement) -> str:
    """What is wrong with a case whose rule has one outcome only; "" if both are possible."""
    outcomes = set()
    for tried in (*TRIES, *(measured.estimate * factor for factor in NEAR)):
        if np.isfinite(tried):
            outcomes.add(_answer(case, Measurement(tried, tried, tried)))
        if {True, False} <= outcomes:
            return ""
    said = "kept" if True in outcomes else "broken"
    rule, remedy = case.rule.words, "write one that some number would answer otherwise"
    return f"the rule “{rule}” is {said} by every measurement and so tests nothing; {remedy}"


def setting_words(study: ModuleType) -> dict[str, str]:
    """Setting of a study → what it is, as `setting(default, "…")` says; "" if it does not."""
    return {one.name: one.metadata.get("words", "") for one in fields(study.Setup)}


def _report(path: Path, faults: list[Fault]) -> None:
    if faults:
        raise ValueError(
            "\n".join(f"{catalogue.shown(path)}:{line}: {said}" for line, said in sorted(faults))
        )


# ----------------------------------------------------------------------------- what a file declares


def _missing(study: ModuleType, path: Path) -> Iterator[Fault]:
    """Names that are not there, each at the line after which a reader would look for it."""
    line = 1
    for name, remedy in DECLARED.items():
        if not hasattr(study, name):
            yield line, f"{name} is missing; {remedy}"
            continue
        line = max(line, line_of(path, name))
        if name == "points" and not callable(found := getattr(study, name)):
            yield line_of(path, name), f"{name} is a {type(found).__name__}; {remedy}"


def _question(study: ModuleType) -> Iterator[Fault]:
    first = (study.__doc__ or "").strip().partition("\n")[0]
    if not first:
        yield 1, "the question is missing; begin the file with a docstring whose first line asks it"
    elif not first.endswith("?"):
        yield 1, f"the first line, {first!r}, is no question; end it with a question mark"


def _settings(study: ModuleType, path: Path) -> Iterator[Fault]:
    kind = getattr(study, "Setup", None)
    if not (isinstance(kind, type) and issubclass(kind, Settings)):
        if kind is not None:
            remedy = "write `class Setup(Settings):`, or `(Learning)` if it trains on images"
            yield line_of(path, "Setup"), f"Setup declares no settings; {remedy}"
        return
    for name, words in setting_words(study).items():
        if not isinstance(words, str) or not words:
            remedy = 'write `= setting(default, "what it is, with its unit")`'
            yield line_of_field(path, name), f"the setting {name!r} has no words; {remedy}"
    yield from _setups(study, path, kind)


def _setups(study: ModuleType, path: Path, kind: type) -> Iterator[Fault]:
    """Faults of the settings under each profile; an odd value of several is reported once."""
    odd: dict[str, Fault] = {}
    for name in PROFILES:
        setup, line = getattr(study, name, None), line_of(path, name)
        if setup is None:
            continue
        if not isinstance(setup, kind):
            yield line, f"{name} is a {type(setup).__name__}; write `{name} = Setup(…)`"
            continue
        runs, least = getattr(setup, "runs", LEAST_RUNS), 1 if name == "QUICK" else LEAST_RUNS
        if not isinstance(runs, int) or runs < least:
            yield line, f"{name} has {runs} runs; take at least {least}"
        for field in fields(kind):
            if not _is_plain(value := getattr(setup, field.name)):
                odd.setdefault(field.name, (line, f"{name} has {field.name} = {value!r}; {PLAIN}"))
    yield from odd.values()


def _is_plain(value: Any) -> bool:
    """Whether JSON and a page can show a setting."""
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return isinstance(value, bool | int | float | str | None) and value == value


def _profiles(study: ModuleType, path: Path) -> Iterator[Fault]:
    """What `points` gives under each profile; a fault of all three is told once."""
    told = set()
    for name in PROFILES:
        for line, fault in _points(study, path, getattr(study, name)):
            if fault not in told:
                told.add(fault)
                yield line, f"{fault} (under {name})"


def _points(study: ModuleType, path: Path, setup: Any) -> Iterator[Fault]:
    line = line_of(path, "points")
    try:
        found = study.points(setup)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a study's code may fail in any way
        failed = catalogue.line_of_failure(error, path)
        yield max(failed, line), f"`points` fails: {type(error).__name__}: {error}; mend it"
        return
    if not isinstance(found, dict) or not found:
        what = (
            f"a {type(found).__name__}" if found or not isinstance(found, dict) else "an empty dict"
        )
        yield line, f"`points` gives {what}; return a dict: file name → call(function, setup, …)"
        return
    for key, point in found.items():
        if not (isinstance(key, str) and re.fullmatch(r"[a-z0-9][a-z0-9._-]*", key)):
            remedy = "use a-z, 0-9, dot, hyphen and underscore"
            yield line, f"the point {key!r} is no name for a file; {remedy}"
            return
        if fault := _fault_of_point(study, point):
            yield line, f"the point {key!r} {fault}"
            return  # the others are of the same kind
    again = study.points(setup)
    if {key: described(one) for key, one in again.items()} != {
        key: described(one) for key, one in found.items()
    }:
        yield line, "`points` gives others each time; compute them from `setup` alone"


def _fault_of_point(study: ModuleType, point: partial) -> str:
    """What is wrong with a point; its values decide whether it would run again."""
    if not isinstance(point, partial):
        return f"is a {type(point).__name__}; write `call(function, setup, …)`"
    if point.func.__module__ != study.__name__:
        return f"calls {point.func.__name__}; call a function that the study defines"
    for name, given in point.keywords.items():
        if not (isinstance(given, Runs) or _is_plain(given)) or isinstance(given, list):
            remedy = (
                "give points plain values only: numbers, words, None, tuples of these, and the runs"
            )
            return f"has {name} = {given!r}; {remedy}"
    return ""


def _rules(study: ModuleType, path: Path) -> Iterator[Fault]:
    try:
        rules(study)
    except TypeError as error:
        yield line_of(path, "CLAIMS"), f"{error}"


def _claims(study: ModuleType, path: Path) -> Iterator[Fault]:
    line = line_of(path, "CLAIMS")
    if not isinstance(study.CLAIMS, dict):
        yield line, f"CLAIMS is a {type(study.CLAIMS).__name__}; {DECLARED['CLAIMS']}"
        return
    for key, at in repeated_keys(path, "CLAIMS").items():
        yield at, f"the claim {key!r} stands here twice; give each claim an id of its own"
    for key, claim in study.CLAIMS.items():
        at = line_of_literal(path, key)
        if not isinstance(claim, Claim):
            remedy = 'write `supported("the sentence", source=…, because=…, cases=…)`'
            yield at, f"the claim {key!r} is a {type(claim).__name__}; {remedy}"
            continue
        faults = dict.fromkeys(_faults_of_claim(key, claim))
        yield from ((at, f"the claim {key!r} {fault}") for fault in faults)


def _faults_of_claim(key: str, claim: Claim) -> list[str]:
    words = {name: getattr(claim, name) for name in ("says", "source", "because")}
    cases = claim.cases
    are_cases = isinstance(cases, tuple) and all(isinstance(c, Case) for c in cases)
    if are_cases:
        words |= {f"when of case {k}": case.when for k, case in enumerate(cases, 1)}
    faults = [
        f"has {text!r} as {name}; write words between quotation marks"
        for name, text in words.items()
        if not isinstance(text, str)
    ]
    if faults:
        return faults
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", str(key)):
        faults.append("has no fitting id; write two or more lower-case words joined by hyphens")
    if not claim.says.endswith((".", "?")):
        faults.append("says no sentence; end `says` with a full stop or a question mark")
    if not claim.because.endswith("."):
        faults.append("gives no reason; end `because`, one sentence, with a full stop")
    if not claim.source:
        faults.append("has no source; name one")
    if not are_cases:
        remedy = "write `cases=(Case(…),)`, with the comma if there is one"
        return [*faults, f"has cases that are none; {remedy}"]
    return [*faults, *_faults_of_cases(cases)]


def _faults_of_cases(cases: tuple[Case, ...]) -> Iterator[str]:
    for case in cases:
        if isinstance(case, Case) and not isinstance(case.rule, Rule):
            remedy = "write `above(…)`, `below(…)`, `within(…)` or `between(…)`"
            yield f"has a case with {case.rule!r} as rule; {remedy}"
        if not callable(case.measure):
            remedy = 'write `value("…").mean()` or name a function of the results'
            yield f"has a case whose `measure` is no function; {remedy}"
    if len({case.when for case in cases}) < len(cases):
        yield "has two cases with the same condition; say in `when` how they differ"


def _values(study: ModuleType, path: Path) -> Iterator[Fault]:
    line = line_of(path, "VALUES")
    if not isinstance(study.VALUES, dict):
        remedy = "write a dict: name → function of the results"
        yield line, f"VALUES is a {type(study.VALUES).__name__}; {remedy}"
        return
    for name, at in repeated_keys(path, "VALUES").items():
        yield at, f"the value {name!r} stands here twice; give each value a name of its own"
    for name, measure in study.VALUES.items():
        at = line_of_literal(path, name) if isinstance(name, str) else line
        if not (isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name)):
            yield at, f"the value {name!r} cannot be quoted; name it with a-z, 0-9 and underscores"
        elif name in PARTS_OF_VALUES:
            yield at, f"the value {name!r} has the name of a part of every value; choose another"
        if not callable(measure):
            found = type(measure).__name__
            yield at, f"the value {name!r} is a {found}; write a function of the results"


def _recorded(study: ModuleType, path: Path) -> Iterator[Fault]:
    recorded, tolerance = getattr(study, "RECORDED", {}), getattr(study, "TOLERANCE", 0.0)
    if not (isinstance(tolerance, int | float) and 0 <= tolerance < 1):
        yield line_of(path, "TOLERANCE"), f"TOLERANCE is {tolerance!r}; write a share such as 1e-6"
    line = line_of(path, "RECORDED")
    if not isinstance(recorded, dict) or any(isinstance(one, str) for one in recorded.values()):
        remedy = 'write `RECORDED = {"full": ("large-*",)}`, with the comma'
        yield line, f"RECORDED is no dict of tuples; {remedy}"
        return
    for profile, patterns in recorded.items():
        if profile not in NAMES:
            yield line, f"in RECORDED, {suggest.unknown('profile', str(profile), NAMES)}"
            continue
        keys = studies.work(study, getattr(study, profile.upper()))
        for pattern in patterns:
            if not fnmatch.filter(keys, pattern):
                yield line, f"in RECORDED, {suggest.unknown(f'point of {profile}', pattern, keys)}"


# ------------------------------------------------------------------------------- what a study gives


def _faults_of_result(result: xr.Dataset) -> Iterator[str]:
    if not result.data_vars:
        yield "has no variable; put what was measured into it"
    for name, variable in result.variables.items():
        label = f"has a variable {name!r}"
        if name in result.data_vars:
            for attribute, remedy in (
                ("long_name", "say what it is"),
                ("units", 'write "1" for a pure number'),
            ):
                if (
                    not isinstance(variable.attrs.get(attribute), str)
                    or not variable.attrs[attribute]
                ):
                    yield f"{label} without `{attribute}`; {remedy}"
        words = variable.dtype == object and all(
            isinstance(one, str) for one in variable.values.ravel()
        )
        if (variable.dtype.kind not in STORED and not words) or variable.dtype == np.float16:
            remedy = "convert it to float64, int32 or words"
            yield f"{label} of {variable.dtype}, which no result file holds; {remedy}"
        elif variable.dtype.kind in "iu" and variable.size and _too_large(variable.values):
            remedy = "convert it to float64"
            yield f"{label} with whole numbers beyond 32 bits, which no result file holds; {remedy}"
    for name, size in result.sizes.items():
        if not size:
            remedy = "give its settings values above 0"
            yield f"has nothing along {name!r}, and could not be read again; {remedy}"
        elif name in result.coords and not result.indexes[name].is_unique:
            remedy = "give every entry one of its own"
            yield f"has a coordinate {name!r} in which a value stands twice; {remedy}"


def _too_large(values: np.ndarray) -> bool:
    limits = np.iinfo(np.int32)
    return bool(values.max() > limits.max or values.min() < limits.min)


def _is_kept(merged: xr.Dataset, part: xr.Dataset) -> bool:
    """Whether everything in a part is found in the merged results."""
    return all(_same(_at(merged[name], part), part[name].values) for name in part.data_vars)


def _at(variable: xr.DataArray, part: xr.Dataset) -> np.ndarray:
    return variable.sel(
        {dim: part[dim].values for dim in variable.dims if dim in part.indexes}
    ).values


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    if first.dtype.kind in "biuf" and second.dtype.kind in "biuf":
        return first.shape == second.shape and np.array_equal(
            first.astype(float), second.astype(float), equal_nan=True
        )
    return np.array_equal(first, second)


def _clash(results: Mapping[str, xr.Dataset], first: str, second: str) -> str:
    """What two points give differently at the same coordinates, "" if nothing."""
    a, b = results[first], results[second]
    for name in sorted(set(a.data_vars) & set(b.data_vars)):
        if fault := _clash_of(name, a, b):
            return f"the points {first!r} and {second!r} give {fault}"
    return ""


def _clash_of(name: str, a: xr.Dataset, b: xr.Dataset) -> str:
    """What two results give differently for one variable, "" if nothing."""
    if a[name].dims != b[name].dims:
        over = f"over {_words(a[name].dims)} and over {_words(b[name].dims)}"
        return f"{name!r} {over}; give it the same dimensions in both"
    for dim in a[name].dims:
        if dim not in a.indexes and dim not in b.indexes and a.sizes[dim] != b.sizes[dim]:
            counts = f"{a.sizes[dim]} and {b.sizes[dim]} entries"
            return f"{name!r} with {counts} along {dim!r}, which has no coordinate; give it one"
    shared = {
        dim: [value for value in a[dim].values if value in b[dim].values]
        for dim in a[name].dims
        if dim in a.indexes and dim in b.indexes
    }
    if not all(shared.values()) or _same(a[name].sel(shared).values, b[name].sel(shared).values):
        return ""
    places = [f"{dim} {_some(values)}" for dim, values in shared.items()] or ["no coordinate"]
    return (
        f"different {name!r} at the same coordinates ({', '.join(places)}); "
        "give each point's table a coordinate that tells it apart, such as "
        "`table(…, batch=batch)`"
    )


def _words(names: tuple) -> str:
    return " × ".join(map(str, names)) or "no dimension"


def _some(values: list) -> str:
    told = ", ".join(str(value) for value in values[:2])
    return told if len(values) < 3 else f"{told}, …"


def _measure(measure: Any, results: xr.Dataset) -> tuple[Measurement | None, str]:
    try:
        measured = measure(results)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a study's code may fail in any way
        return None, f"it cannot be measured: {type(error).__name__}: {error}; mend its `measure`"
    if not isinstance(measured, Measurement):
        remedy = "wrap it in `exact`, `mean` or another of experiments/measures/statistics.py"
        return None, f"it gives a {type(measured).__name__}, no Measurement; {remedy}"
    return measured, ""


def _doubled(results: xr.Dataset) -> dict[str, xr.Dataset]:
    """Unit of measure → the results in which every variable of that unit is twice as large."""
    found = {}
    for unit in UNITS:
        of_unit = {
            name: variable * 2
            for name, variable in results.data_vars.items()
            if variable.attrs.get("units") == unit and variable.dtype.kind in "fiu"
        }
        if of_unit:
            found[unit] = results.assign(of_unit)
    return found


def _lost_unit(measure: Any, measured: Measurement, doubled: Mapping[str, xr.Dataset]) -> str:
    if measured.unit or not np.isfinite(measured.estimate) or not measured.estimate:
        return ""
    for unit, results in doubled.items():
        try:
            with np.errstate(all="ignore"):
                ratio = measure(results).estimate / measured.estimate
        except Exception:  # noqa: BLE001 - doubled results may be outside of what it is defined for
            continue
        if abs(ratio - 2) < 1e-9:
            remedy = f'give it one, such as `mean(…, "{unit}")`'
            return f"it is measured in {unit} and has no unit; {remedy}"
    return ""


def _answer(case: Case, measured: Measurement) -> Any:
    try:
        answer = case.rule(measured)
    except Exception:  # noqa: BLE001 - outside of what the rule is defined for
        return None
    return bool(answer) if isinstance(answer, np.bool_) else answer
