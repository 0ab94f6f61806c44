"""From results to verdicts: puts every claim of a study to the test and takes every number that its pages quote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from experiments import study as studies
from experiments.contract import line_of_literal
from experiments.measures.statistics import Measurement
from experiments.profile import Profile
from experiments.profile import setup as settings
from site_gen.errors import BuildError
from site_gen.paths import relative

if TYPE_CHECKING:
    import xarray as xr

SUMMARY = tuple(field.name for field in fields(Measurement))
NOTHING = dict.fromkeys(SUMMARY) | {"unit": "", "runs": 0}


def evaluate(study: ModuleType, results: xr.Dataset, profile: Profile) -> dict[str, Any]:
    """Measure a study's claims and values.

    Parameters
    ----------
    study : module
        A module of `experiments/studies`.
    results : xarray.Dataset
        The merged results of all its points.
    profile : Profile
        The settings that the results come from.

    Returns
    -------
    dict
        `study`, `profile`, `question`, `setup` (field → value), `claims` and `values` (name → measurement).

    Raises
    ------
    BuildError
        If a measurement fails or is undefined; names the study, the claim or value, and its line.
    """
    name = study.__name__.rpartition(".")[2]
    setup = settings(study, profile)
    values = {
        key: _plain(_take(study, f"value {key!r}", key, measure, results, profile))
        for key, measure in study.VALUES.items()
    }
    return {
        "study": name,
        "profile": profile.label,
        "question": study.__doc__.strip().splitlines()[0],
        "setup": {field.name: getattr(setup, field.name) for field in fields(setup)},
        "claims": [_test(study, claim, results, profile) for claim in study.CLAIMS],
        "values": values,
    }


def _test(
    study: ModuleType, claim: studies.Claim, results: xr.Dataset, profile: Profile
) -> dict[str, Any]:
    cases = []
    for case in claim.cases:
        what = f"claim {claim.id!r}" + (f", {case.when}" if case.when else "")
        measured = _take(study, what, claim.id, case.measure, results, profile)
        holds = None if measured is None else case.holds(measured)
        answer = None if holds is None else bool(holds)
        cases.append({"when": case.when, "rule": case.rule, "holds": answer} | _plain(measured))
    is_measured = any(case["runs"] for case in cases)
    headline = cases[0] if cases else dict.fromkeys(SUMMARY)
    return {
        "id": claim.id,
        "says": claim.says,
        "source": claim.source,
        "study": study.__name__.rpartition(".")[2],
        "figure": claim.figure,
        "verdict": claim.verdict,
        "measured": studies.measured_verdict(case["holds"] for case in cases if is_measured),
        **{key: headline[key] for key in SUMMARY},
        "profile": profile.label,
        "because": claim.because,
        "cases": cases,
    }


def _take(
    study: ModuleType,
    what: str,
    literal: str,
    measure: Callable,
    results: xr.Dataset,
    profile: Profile,
) -> Measurement | None:
    """A measurement; None where settings were changed and leave nothing to measure."""
    path = Path(study.__file__)
    where = f"{relative(path)}:{line_of_literal(path, literal)}"
    try:
        measured = measure(results)
    except Exception as error:
        if profile.changes:
            return None
        raise BuildError(
            f"{where}: {what} cannot be measured: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(measured, Measurement):
        raise BuildError(
            f"{where}: {what} must give a Measurement, but gave {type(measured).__name__}: {measured!r}"
        )
    return measured


def _plain(measured: Measurement | None) -> dict[str, Any]:
    return asdict(measured) if measured else NOTHING
