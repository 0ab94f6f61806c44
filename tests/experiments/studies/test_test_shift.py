"""Shifts are what they say, conditions share weights, and a change that does not cancel is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.standardize import Standardize
from experiments.studies import test_shift as study
from tests import quick


def test_the_first_level_changes_nothing() -> None:
    x = np.random.default_rng(0).random((5, 9))
    for shift in study.SHIFTS:
        first = study.levels(study.FULL, shift)[0]
        assert np.array_equal(study.shifted(x, shift, first, np.random.default_rng(1)), x), shift
        assert len(study.levels(study.FULL, shift)) == len(study.FULL.contrast)


def test_shifts_are_what_they_say() -> None:
    rng, x = np.random.default_rng(0), np.random.default_rng(0).random((2000, 9))
    assert study.shifted(x, "contrast", 0.25, rng) == pytest.approx(x / 4)
    assert study.shifted(x, "brightness", 0.25, rng) - x == pytest.approx(0.25)
    assert (study.shifted(x, "noise", 0.2, rng) - x).std() == pytest.approx(0.2, rel=0.02)
    ratio = study.shifted(x, "own contrast", 0.25, rng) / x
    assert np.ptp(ratio, axis=1).max() < 1e-12
    assert (
        ratio.min() >= 0.25 and ratio.max() <= 1 and ratio.mean() == pytest.approx(0.625, abs=0.02)
    )


def test_ways_to_normalize_share_weights_and_batches(monkeypatch) -> None:
    seen = {}

    def spy(net, params, state, stream, optimizer, at):
        images, labels = next(stream)
        seen[spy.key] = params[0]["weight"].copy(), images.copy(), labels.copy()
        return iter([(max(at), params, state)])

    monkeypatch.setattr(study, "train_in_parts", spy)
    for spy.key, point in study.points(study.QUICK).items():
        study.run(point)
    for key, arrays in seen.items():
        assert all(np.array_equal(a, b) for a, b in zip(arrays, seen["none"], strict=True)), key


def test_what_cancels_and_what_does_not() -> None:
    change = quick.results("test_shift")["change"]
    for norm, common, cancels in (
        ("batch norm", "contrast", True), ("batch norm", "brightness", True),
        ("layer norm", "contrast", True), ("layer norm", "brightness", False),
    ):  # fmt: skip
        values = change.sel(norm=norm, common=common).values
        assert (values < 1e-10).all() if cancels else (values > 1e-2).all(), (norm, common)


def test_a_mean_that_is_not_taken_out_is_noticed(monkeypatch) -> None:
    original = Standardize.forward

    def forward(self, params, state, x, training, buffers=None):
        y, saved, state = original(self, params, state, x, training, buffers)
        return y + (saved["mean"] * saved["inv_std"])[:, None, :], saved, state

    point = study.points(study.QUICK)["batch-norm"]
    net = study.network("batch norm", point.setup.hidden)
    params, _ = net.init([np.random.default_rng(s) for s in range(2)], 49, np.float32)
    x = np.random.default_rng(3).random((40, 49)).astype(np.float32)
    assert (study._changes(point, params, x) < 1e-10).all()
    monkeypatch.setattr(Standardize, "forward", forward)
    assert (study._changes(point, params, x)[1] > 1e-3).all()
