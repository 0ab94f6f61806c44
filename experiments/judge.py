"""From a study and its results to verdicts and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from experiments.catalogue import shown
from experiments.claims import measured_verdict
from experiments.contract import setting_words
from experiments.measures.statistics import Measurement
from experiments.profile import Profile, setup
from experiments.rules import fingerprint
from experiments.sources import line_of_literal

if TYPE_CHECKING:
    import xarray as xr

SUMMARY = tuple(field.name for field in fields(Measurement))
NOTHING = dict.fromkeys(SUMMARY) | {"unit": "", "runs": 0}


def judge(study: ModuleType, results: xr.Dataset, profile: Profile) -> dict[str, Any]:
    """Put every claim of a study to the test, and take every number that pages quote.

    Parameters
    ----------
    study : module
        A module of `experiments/studies`.
    results : xarray.Dataset
        The merged results of all its points.
    profile : Profile
        The settings that the results come from. If some were changed, a measurement that fails with
        them is left empty.

    Returns
    -------
    dict
        `study`, `profile`, `question`, `setup` (setting → value), `words` (setting → what it is),
        `claims` and `values` (name → measurement).

    Raises
    ------
    ValueError
        If a measurement fails or is undefined; names the file, the claim or value, and its line.
    """
    settings = setup(study, profile)
    values = {
        key: _plain(_take(study, f"value {key!r}", key, measure, results, profile))
        for key, measure in study.VALUES.items()
    }
    return {
        "study": name_of(study),
        "profile": profile.label,
        "question": study.__doc__.strip().splitlines()[0],
        "setup": {field.name: getattr(settings, field.name) for field in fields(settings)},
        "words": setting_words(study),
        "claims": [_test(study, key, results, profile) for key in study.CLAIMS],
        "values": values,
    }


def name_of(study: ModuleType) -> str:
    """The name of a study: that of its file."""
    return study.__name__.rpartition(".")[2]


def _test(study: ModuleType, key: str, results: xr.Dataset, profile: Profile) -> dict[str, Any]:
    claim, cases = study.CLAIMS[key], []
    for case in claim.cases:
        what = f"claim {key!r}" + (f", {case.when}" if case.when else "")
        measured = _take(study, what, key, case.measure, results, profile)
        holds = None if measured is None else case.rule(measured)
        answer = None if holds is None else bool(holds)
        cases.append(
            {"when": case.when, "rule": case.rule.words, "holds": answer} | _plain(measured)
        )
    is_measured = any(case["runs"] for case in cases)
    headline = cases[0] if cases else dict.fromkeys(SUMMARY)
    return {
        "id": key,
        "says": claim.says,
        "source": claim.source,
        "study": name_of(study),
        "rules": fingerprint(study),
        "verdict": claim.verdict,
        "measured": measured_verdict(case["holds"] for case in cases if is_measured),
        **{key: headline[key] for key in SUMMARY},
        "profile": profile.label,
        "because": claim.because,
        "cases": cases,
    }


def _take(
    study: ModuleType,
    what: str,
    literal: str,
    measure: Callable[[xr.Dataset], Measurement],
    results: xr.Dataset,
    profile: Profile,
) -> Measurement | None:
    """A measurement; None where settings were changed and leave nothing to measure."""
    path = Path(study.__file__)
    where = f"{shown(path)}:{line_of_literal(path, literal)}"
    try:
        measured = measure(results)
    except Exception as error:
        if profile.changes:
            return None
        raise ValueError(
            f"{where}: {what} cannot be measured: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(measured, Measurement):
        raise ValueError(
            f"{where}: {what} must give a Measurement, "
            f"but gave {type(measured).__name__}: {measured!r}"
        )
    return measured


def _plain(measured: Measurement | None) -> dict[str, Any]:
    return asdict(measured) if measured else NOTHING
