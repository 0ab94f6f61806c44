"""Verdicts are computed from cases, and studies are found by name."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments import study
from experiments.measures.statistics import exact


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([True], "supported"), ([True, True], "supported"), ([False], "refuted"), ([False, False], "refuted"),
        ([True, False], "depends"), ([True, None], "undecided"), ([None], "undecided"), ([False, None], "undecided"), ([], "untested"),
    ],
)  # fmt: skip
def test_the_verdict_follows_from_the_cases(outcomes: list[bool | None], verdict: str) -> None:
    assert study.measured_verdict(outcomes) == verdict


def test_a_claim_without_cases_is_untested_and_only_that() -> None:
    case = study.Case("", lambda results: exact(1), lambda m: True, "always")
    rest = {"says": "…", "source": "reader", "figure": "f", "because": "…"}
    study.Claim("a", cases=(case,), verdict="depends", **rest)
    study.Claim("a", cases=(), verdict="untested", **rest)
    for cases, verdict in (((), "supported"), ((case,), "untested"), ((case,), "true")):
        with pytest.raises(ValueError, match="claim a"):
            study.Claim("a", cases=cases, verdict=verdict, **rest)


def test_an_unknown_study_lists_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no study 'nothing'.*anatomy"):
        study.load("nothing")


def test_an_unknown_profile_lists_those_that_exist() -> None:
    with pytest.raises(ValueError, match="quick, full, paper"):
        study.setup(study.load("anatomy"), "huge")


def test_results_are_merged_along_their_coordinates() -> None:
    parts = {
        f"b-{b}": xr.Dataset({"x": (("b", "run"), np.full((1, 3), float(b)))}, {"b": [b], "run": range(3)})
        for b in (8, 2)
    }
    merged = study.combine(parts)
    assert merged.x.sel(b=8).values.tolist() == [8.0, 8.0, 8.0]
    assert merged.sizes == {"b": 2, "run": 3}
