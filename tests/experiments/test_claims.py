"""Rules, cases and verdicts."""

from __future__ import annotations

import pytest

from experiments import claims
from experiments.claims import above, below, between, within
from experiments.measures.statistics import Measurement, exact


@pytest.mark.parametrize(
    ("rule", "words", "kept", "open_", "broken"),
    [
        (
            above(0.5, "of the images"),
            "more than 0.5 of the images",
            (0.6, 0.9),
            (0.4, 0.6),
            (0.1, 0.5),
        ),
        (below(-3, "points"), "less than −3 points", (-9, -4), (-4, -2), (-3, 0)),
        (
            above(0.045, "percentage points"),
            "more than 4.5 percentage points",
            (0.05, 1),
            (0, 1),
            (0, 0.01),
        ),
        (
            below(0.02, "% of the images"),
            "less than 2 % of the images",
            (0, 0.01),
            (0, 1),
            (0.02, 1),
        ),
        (within(1, relative=0.05), "within 5 % of 1", (0.95, 1.05), (0.9, 1), (1.1, 1.2)),
        (within(0.5, absolute=0.05), "within 0.05 of 0.5", (0.45, 0.55), (0.5, 0.7), (0.6, 0.7)),
        (within(2, "steps", absolute=1), "within 1 steps of 2", (1, 3), (0, 2), (4, 5)),
        (below(1e-9), "less than 1e-9", (0, 1e-10), (0, 1), (1, 2)),
        (above(-1e-12), "more than −1e-12", (0, 1), (-1, 1), (-2, -1)),
        (within(0), "exactly 0", (0, 0), (-1, 1), (1, 1)),
        (within(1e6, relative=1e-12), "within 1e-10 % of 1e6", (1e6, 1e6), (0, 1e6), (0, 1)),
        (
            between(0.1, 10, "times as long"),
            "between 0.1 and 10 times as long",
            (0.1, 10),
            (0, 1),
            (11, 12),
        ),
    ],
)
def test_a_rule_says_what_it_compares_with(rule, words, kept, open_, broken) -> None:
    assert rule.words == words
    for (low, high), answer in ((kept, True), (open_, None), (broken, False)):
        assert rule(Measurement((low + high) / 2, low, high)) is answer


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([True], "supported"),
        ([True, True], "supported"),
        ([False], "refuted"),
        ([False, False], "refuted"),
        ([True, False], "depends"),
        ([True, None], "undecided"),
        ([None], "undecided"),
        ([False, None], "undecided"),
        ([], "untested"),
    ],
)
def test_the_verdict_follows_from_the_cases(outcomes: list[bool | None], verdict: str) -> None:
    assert claims.measured_verdict(outcomes) == verdict


def test_a_claim_without_cases_is_untested_and_only_that() -> None:
    case = claims.Case("", lambda results: exact(1), above(0))
    rest = {"says": "…", "source": "reader", "because": "…"}
    assert claims.depends(cases=(case,), **rest).outcomes(None) == [True]
    assert claims.untested(**rest).outcomes(None) == []
    for word in ("supported", "refuted", "depends"):
        assert getattr(claims, word)(cases=(case,), **rest).verdict == word
    for claim, cases in ((claims.supported, ()), (claims.untested, (case,))):
        with pytest.raises(ValueError, match="a claim has cases unless"):
            claim(cases=cases, **rest)


def test_a_misspelt_verdict_is_told_what_was_meant() -> None:
    with pytest.raises(ValueError, match="there is no verdict 'suported'; did you mean supp"):
        claims.Claim("suported", "…", "reader", "…")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: within(0, 1e-12), "write a tolerance by its name"),
        (lambda: within(0, relative=0.05), "no share of 0 is a tolerance"),
    ],
)
def test_a_rule_that_means_something_else_is_told(make, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
