"""The edge of plain descent is found."""

from __future__ import annotations

from experiments.studies import descent_edge
from tests import quick


def test_the_edge_is_found() -> None:
    """On each side of it, even by a thousandth of it and in few steps."""
    claim = next(one for one in descent_edge.CLAIMS if one.id == "descent-has-an-edge")
    results = quick.results("descent_edge")
    assert all(case.rule(case.measure(results)) for case in claim.cases)
