"""Conditions share weights and batches, and short weights compute the same function."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.studies import landscape as study

SETUP = replace(study.QUICK, hidden=(8, 8), rates=(0.1,), steps=4, readings=3, runs=3)


def test_conditions_share_weights_and_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = study.train

    def spy(network, params, state, batches, *rest):
        weights = [layer["weight"].copy() for layer in params if "weight" in layer]
        batches = iter(batches)
        seen.append((weights, *(a.copy() for a in next(batches))))
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    for condition in study.CONDITIONS:
        study.run(study.Point(condition, 0.1, SETUP))
    (plain, x, labels), *others = seen
    for k, (weights, other_x, other_labels) in enumerate(others):
        assert np.array_equal(x, other_x) and np.array_equal(labels, other_labels)
        for i, (a, b) in enumerate(zip(plain, weights, strict=True)):
            short = k == 1 and i < len(plain) - 1
            assert np.array_equal(a * np.float32(SETUP.short) if short else a, b)


def test_short_weights_start_with_the_same_loss_and_a_larger_gradient() -> None:
    usual, short = (
        study.run(study.Point(condition, 0.1, SETUP)).isel(step=0)
        for condition in study.CONDITIONS[1:]
    )
    assert np.allclose(usual["loss"], short["loss"], rtol=1e-2)
    assert (short["gradient"].values > 1.5 * usual["gradient"].values).all()


def test_the_loss_ranges_from_low_to_high() -> None:
    result = study.run(study.Point("none", 0.1, SETUP))
    assert (result["lowest"] <= result["highest"]).all() and (result["smoothness"] > 0).all()
