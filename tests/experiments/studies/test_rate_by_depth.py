"""Rates, and networks with and without batch norm, share weights and batches; lost runs are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.studies import rate_by_depth as study
from tests import quick

SETUP = replace(
    study.QUICK, depths=(2,), rates=(0.1, 1.0, 1e4), width=8, steps=8, test_images=50, runs=3
)


def test_a_rate_does_not_depend_on_the_others() -> None:
    together = study.run(study.Point("batch norm", 2, SETUP))
    alone = study.run(study.Point("batch norm", 2, replace(SETUP, rates=(1.0,))))
    assert np.array_equal(together["accuracy"].sel(rate=[1.0]), alone["accuracy"])


def test_conditions_share_weights_and_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = study.train

    def spy(network, params, state, batches, *rest):
        weights = [layer["weight"].copy() for layer in params if "weight" in layer]
        batches = iter(batches)
        seen.append((weights, *(a.copy() for a in next(batches))))
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    for norm in study.NORMS:
        study.run(study.Point(norm, 2, SETUP))
    (plain, x, labels), (normed, other_x, other_labels) = seen
    assert np.array_equal(x, other_x) and np.array_equal(labels, other_labels)
    for a, b in zip(plain, normed, strict=True):
        assert np.array_equal(a, b) and np.array_equal(a[:3], a[6:])
    assert np.array_equal(x[:3], x[6:]) and not np.array_equal(x[0], x[1])


def test_lost_runs_have_not_learned_and_count_with_the_smallest_rate() -> None:
    result = study.run(study.Point("none", 2, replace(SETUP, rates=(1e4, 1e5))))
    assert np.isfinite(result["accuracy"]).all()
    assert not result["learned"].any() and (result["largest"] == 0).all()
    assert (study.largest(result, "none", 2) == 1e4).all()


def test_the_largest_trainable_rate_is_one_at_which_the_run_has_learned() -> None:
    results = quick.results("rate_by_depth")
    for norm in study.NORMS:
        for depth in results.depth.values:
            cell = results.sel(norm=norm, depth=depth)
            for run in cell.run.values:
                rates = cell.rate.values[cell["learned"].sel(run=run).values == 1]
                assert float(cell["largest"].sel(run=run)) == (rates.max() if rates.size else 0)
