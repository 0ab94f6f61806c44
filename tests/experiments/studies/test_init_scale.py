"""The rate of k² undoes the factor k, and what diverges is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.studies import init_scale as study

SETUP = replace(study.QUICK, hidden=(8, 8), factors=(0.5, 1.0, 4.0), steps=12, readings=4)
POINTS = study.points(SETUP)


def test_all_sizes_start_with_the_same_weights_times_k() -> None:
    for name in ("batch-norm", "batch-norm-rate"):
        first = POINTS[name]()["length"].isel(condition=0, step=0)
        for factor in SETUP.factors:
            assert np.allclose(first.sel(factor=factor), factor**2 * first.sel(factor=1.0))


def test_a_rate_of_k_squared_undoes_the_factor_and_one_rate_does_not() -> None:
    for name, alike in (("batch-norm-rate", True), ("batch-norm", False)):
        length = POINTS[name]()["length"].isel(condition=0)
        grown = length.isel(step=-1) / length.isel(step=0) - 1
        assert np.allclose(grown.sel(factor=1.0), grown.sel(factor=4.0), rtol=0.05) == alike


def test_what_diverges_counts_as_guessing_and_is_counted() -> None:
    result = study.points(replace(SETUP, factors=(1e20,)))["none"]()
    assert (result["accuracy"].isel(step=-1) == 0.1).all()
    assert result["diverged"].isel(step=-1).all()
