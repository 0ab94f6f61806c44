"""Edges and strides break shifts where they should; edges that do not wrap are noticed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from experiments.engine.convolution import Convolution
from experiments.studies.conv_shifts import ROUND_OFF
from tests import quick


def test_zero_padding_stays_at_the_edge_except_in_training() -> None:
    results = quick.results("conv_borders").sel(padding="zero")
    error, inside = results["shift_error"], results["inside_error"]
    assert (error.sel(statistics="channel").max("run") > 0.01).all()
    assert (inside.sel(statistics="none") == 0).all()
    assert (inside.sel(statistics="channel", move="evaluation") == 0).all()
    assert inside.sel(statistics="channel", move="all").max() > 1e-6


def test_strides_keep_moves_by_their_own_length() -> None:
    error = quick.results("conv_borders")["strided_error"]
    assert (error.sel(step=2) < ROUND_OFF).all()
    assert (error.sel(step=1) > 0.1).all()


def test_edges_that_do_not_wrap_around_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = Convolution.forward

    def padded_with_zeros(self, *inputs):
        return forward(replace(self, padding="zero"), *inputs)

    monkeypatch.setattr(Convolution, "forward", padded_with_zeros)
    broken = quick.points("conv_borders")["circular"]()
    assert broken["shift_error"].sel(statistics="channel", move="all").max() > 1e-3
