"""Levels begin with no shift, and what cancels and what does not is told apart."""

from __future__ import annotations

import numpy as np

from experiments.data.shifts import SHIFTS, shifted
from experiments.studies import test_shift as study
from tests import quick


def test_the_first_level_changes_nothing() -> None:
    x, s = np.random.default_rng(0).random((5, 9)), study.FULL
    for shift, levels in zip(SHIFTS, (s.contrast, s.brightness, s.noise, s.contrast), strict=True):
        assert np.array_equal(shifted(x, shift, levels[0], np.random.default_rng(1)), x), shift
        assert len(levels) == len(s.contrast)


def test_what_cancels_and_what_does_not() -> None:
    change = quick.results("test_shift")["change"]
    for norm, common, cancels in (
        ("batch norm", "contrast", True),
        ("batch norm", "brightness", True),
        ("layer norm", "contrast", True),
        ("layer norm", "brightness", False),
    ):
        values = change.sel(norm=norm, common=common).values
        assert (values < 1e-10).all() if cancels else (values > 1e-2).all(), (norm, common)
