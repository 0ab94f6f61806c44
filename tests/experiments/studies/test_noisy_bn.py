"""Noise is the only difference between its sizes, and networks are compared where all were read."""

from __future__ import annotations

import numpy as np

from experiments.studies import noisy_bn as study
from tests import quick


def test_noise_raises_the_shift_and_does_not_touch_the_first_accuracy() -> None:
    results = quick.results("noisy_bn").sel(norm="batch norm")
    still, moved = (results.sel(size=size) for size in (0.0, 1.0))
    steps = still["travelled"].dropna("step")["step"]
    assert (moved["travelled"].sel(step=steps) > 2 * still["travelled"].sel(step=steps)).all()
    assert np.array_equal(moved["accuracy"].sel(step=0), still["accuracy"].sel(step=0))


def test_all_networks_are_read_at_the_same_steps_as_far_as_they_go() -> None:
    for setup in (study.QUICK, study.FULL):
        longest = study.reading_steps(setup, "none", 0.0)
        assert longest[0] == 0 and longest[-1] == setup.plain_steps
        for norm, size, last in (
            ("none", 1.0, setup.plain_noisy_steps),
            ("batch norm", 0.0, setup.steps),
            ("batch norm", 2.0, setup.steps),
        ):
            read = study.reading_steps(setup, norm, size)
            assert read[-1] == last
            assert set(read[:-1]) == {step for step in longest if step < last}


def test_shifts_are_compared_over_the_steps_at_which_all_networks_are_read() -> None:
    results = quick.results("noisy_bn")
    steps = [s for s in study.reading_steps(study.QUICK, "none", 0.0) if s <= study.QUICK.steps]
    expected = results["travelled"].sel(norm="none", size=0.0, step=steps).mean("step")
    np.testing.assert_allclose(study.SHIFT.at(**study.PLAIN)(results), expected)
