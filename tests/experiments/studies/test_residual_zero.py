"""Blocks start as the identity; only those with γ at the end of the branch leave it."""

from __future__ import annotations

from tests import quick


def test_zero_gamma() -> None:
    results = quick.results("residual_zero")
    assert (results["zero_distance"] == 0).all()
    assert (results["zero_gradient"].sel(place="last") > 0).all()
    assert (results["zero_gradient"].sel(place="first") == 0).all()
    moved = results["zero_moved"]
    assert (moved.sel(place="first") == 0).all() and (moved.sel(step=0) == 0).all()
    assert (moved.sel(place="last", step=slice(1, None)) > 1e-3).all()
