"""Sizes and conditions share weights and batches, and the rate of k² undoes the factor k."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.studies import init_scale as study

SETUP = replace(
    study.QUICK,
    hidden=(8, 8),
    factors=(0.5, 1.0, 4.0),
    steps=12,
    readings=4,
    test_images=50,
    runs=3,
)


def _point(condition: str = study.NORMED, first: int = 0, last: int = 3) -> study.Point:
    return study.Point(condition, first, last, SETUP)


@pytest.mark.parametrize("condition", study.CONDITIONS)
def test_a_run_does_not_depend_on_its_group(condition: str) -> None:
    together, alone = study.run(_point(condition)), study.run(_point(condition, 1, 2))
    for name in alone.data_vars:
        assert np.array_equal(together[name].sel(run=[1]), alone[name]), name


def test_conditions_and_sizes_share_weights_and_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = study.train

    def spy(network, params, state, batches, *rest):
        weights = [layer["weight"].copy() for layer in params if "weight" in layer]
        batches = iter(batches)
        seen.append((weights, *(a.copy() for a in next(batches))))
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    for condition in study.CONDITIONS:
        study.run(_point(condition))
    for weights, x, labels in seen:
        for mine, first in zip(weights, seen[0][0], strict=True):
            assert np.array_equal(mine, first)
        assert np.array_equal(x, seen[0][1]) and np.array_equal(labels, seen[0][2])
    weights, x, _ = seen[0]
    assert np.array_equal(x[:3], x[6:]) and not np.array_equal(x[0], x[1])
    for k, weight in enumerate(weights):  # the last is the output layer
        assert np.allclose(weight[6:], weight[3:6] * (4.0 if k < len(weights) - 1 else 1.0))


def test_a_rate_of_k_squared_undoes_the_factor_and_one_rate_does_not() -> None:
    scaled, plain = study.run(_point(study.SCALED)), study.run(_point())
    for result, alike in ((scaled, True), (plain, False)):
        length = result["length"].isel(condition=0, step=-1)
        grown = [
            (length / result["length"].isel(condition=0, step=0)).sel(factor=k).values - 1
            for k in (1.0, 4.0)
        ]
        assert np.allclose(*grown, rtol=0.05) == alike


def test_what_diverges_counts_as_guessing_and_is_counted() -> None:
    wild = replace(SETUP, factors=(1e20,))
    result = study.run(study.Point(study.PLAIN, 0, 3, wild))
    assert np.isfinite(result["accuracy"]).all()
    assert result["diverged"].isel(step=-1).sum() > 0
