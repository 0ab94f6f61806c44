"""In evaluation mode a prediction has no neighbours."""

from __future__ import annotations

from tests import quick


def test_evaluation_mode_has_no_neighbours() -> None:
    results = quick.results("company")
    assert (results["alone"] == 0).all() and (results["apart"] > 0).all()
