"""What every study promises, whatever it is about."""

from __future__ import annotations

import dataclasses
import pickle
import re

import numpy as np
import pytest

from experiments.measures.statistics import Measurement
from site_gen.media import catalogue
from site_gen.pages.tags import setup_comments
from site_gen.paths import STUDIES
from site_gen.pipeline.measure import evaluate
from site_gen.storage import dataset_to_bytes
from tests import quick

pytestmark = pytest.mark.parametrize("name", quick.NAMES)


def test_it_opens_with_its_question(name: str) -> None:
    first = quick.module(name).__doc__.strip().splitlines()[0]
    assert first.endswith("?"), first


def test_every_setting_is_explained(name: str) -> None:
    notes = setup_comments(STUDIES / f"{name}.py")
    fields = {field.name for field in dataclasses.fields(quick.module(name).Setup)}
    assert {field for field, note in notes.items() if note} == fields


@pytest.mark.parametrize("profile", ["QUICK", "FULL", "PAPER"])
def test_points_are_plain_frozen_and_named_for_files(name: str, profile: str) -> None:
    study = quick.module(name)
    setup = getattr(study, profile)
    assert isinstance(setup, study.Setup) and study.Setup.__dataclass_params__.frozen
    found = study.points(setup)
    assert found
    for key, point in found.items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*", key), key
        assert isinstance(point, study.Point) and study.Point.__dataclass_params__.frozen
        assert pickle.loads(pickle.dumps(point)) == point
        assert " at 0x" not in repr(point)  # the point's repr is a part of its fingerprint


def test_random_studies_have_at_least_sixteen_runs(name: str) -> None:
    study = quick.module(name)
    if hasattr(study.FULL, "runs"):
        assert study.FULL.runs >= 16 and study.PAPER.runs >= 16


def test_the_same_point_gives_the_same_bytes(name: str) -> None:
    """Run once more, in this process; the stored result may come from another."""
    key = min(quick.points(name))
    again = quick.module(name).run(quick.points(name)[key])
    assert dataset_to_bytes(again) == quick.stored(name)[key]


def test_results_say_what_they_are(name: str) -> None:
    for key, part in quick.parts(name).items():
        assert part.data_vars
        for variable in part.data_vars.values():
            assert variable.attrs.get("long_name") and "units" in variable.attrs, f"{key}: {variable.name}"


def test_points_do_not_overwrite_each_other(name: str) -> None:
    merged = quick.results(name)
    for key, part in quick.parts(name).items():
        for variable in part.data_vars:
            found = merged[variable].sel(
                {dim: part[dim].values for dim in part[variable].dims if dim in part.coords}
            )
            if part[variable].dtype.kind in "fiu":
                assert np.allclose(found.values.astype(float), part[variable].values, equal_nan=True), (
                    f"{key}: {variable}"
                )


def test_claims_are_well_formed(name: str) -> None:
    for claim in quick.module(name).CLAIMS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", claim.id), claim.id
        assert claim.says.endswith((".", "?")) and claim.because.endswith("."), claim.id
        assert claim.figure in catalogue.drawings(), claim.figure
        assert all(case.rule for case in claim.cases)
        assert len({case.when for case in claim.cases}) == len(claim.cases), (
            f"{claim.id}: cases need conditions that differ"
        )


def test_claims_and_values_can_be_measured_even_on_quick_results(name: str) -> None:
    study = quick.module(name)
    measured = evaluate(study, quick.results(name), "quick")
    assert {claim["id"] for claim in measured["claims"]} == {claim.id for claim in study.CLAIMS}
    for claim in measured["claims"]:
        for case in claim["cases"]:
            assert case["holds"] in (True, False, None)
    for value in study.VALUES.values():
        assert isinstance(value(quick.results(name)), Measurement)


def test_every_case_can_fail(name: str) -> None:
    """A rule that no measurement can break, or that none can keep, tests nothing."""
    tries = [
        0.0,
        *(sign * 10.0**power for sign in (1, -1) for power in np.arange(-18, 9, 0.25)),
        *np.linspace(-3, 3, 241),
    ]
    for claim in quick.module(name).CLAIMS:
        for case in claim.cases:
            measured = case.measure(quick.results(name))
            near = [measured.estimate * factor for factor in (0, 0.5, 0.9, 0.99, 1, 1.01, 1.1, 2, 10, -1)]
            outcomes = {case.holds(Measurement(x, x, x)) for x in [*tries, *near] if np.isfinite(x)}
            assert {True, False} <= outcomes, f"{claim.id} ({case.rule}) can only come out as {outcomes}"
