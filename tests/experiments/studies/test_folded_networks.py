"""Folding moves what a network puts out, by round-off."""

from __future__ import annotations

from tests import quick


def test_logits_move_in_every_precision_and_less_in_a_finer_one() -> None:
    distance = quick.results("folded_networks")["logit_distance"]
    half, single, double = (distance.sel(precision=f"float{bits}") for bits in (16, 32, 64))
    assert (double > 0).all() and (double < 1e-12).all()
    assert (single > 1e3 * double).all() and (half > 1e2 * single).all()
