"""The edge of plain descent is found."""

from __future__ import annotations

from experiments.studies import descent_edge
from tests import quick


def test_the_edge_is_found() -> None:
    """On each side of it, even by a thousandth of it and in few steps."""
    claim = descent_edge.CLAIMS["descent-has-an-edge"]
    assert all(claim.outcomes(quick.results("descent_edge")))
