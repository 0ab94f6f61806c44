"""Rates do not see each other; lost runs are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.studies import rate_by_depth as study
from tests import quick

SETUP = replace(study.QUICK, depths=(2,), rates=(0.1, 1.0, 1e4), width=8, steps=8, tested=50)


def test_a_rate_does_not_depend_on_the_others() -> None:
    together = study.points(SETUP)["batch-norm-depth-02"]()
    alone = study.points(replace(SETUP, rates=(1.0,)))["batch-norm-depth-02"]()
    assert np.array_equal(together["accuracy"].sel(rate=[1.0]), alone["accuracy"])


def test_lost_runs_have_not_learned_and_count_with_the_smallest_rate() -> None:
    result = study.points(replace(SETUP, rates=(1e4, 1e5)))["none-depth-02"]()
    assert result["diverged"].all() and np.isfinite(result["accuracy"]).all()
    assert not result["learned"].any() and (result["largest"] == 0).all()
    assert (study.largest(result) == 1e4).all()


def test_the_largest_trainable_rate_is_one_at_which_the_run_has_learned() -> None:
    results = quick.results("rate_by_depth")
    for norm in study.NORMS.values():
        for depth in results.depth.values:
            cell = results.sel(norm=norm, depth=depth)
            for run in cell.run.values:
                rates = cell.rate.values[cell["learned"].sel(run=run).values == 1]
                assert float(cell["largest"].sel(run=run)) == (rates.max() if rates.size else 0)
