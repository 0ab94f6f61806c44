"""Conditions share weights and batches, sizes differ by a factor and nothing else, and readings are what they are called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.studies import saturation as study
from tests import quick

SETUP = replace(study.QUICK, layers=3, width=8, steps=6, readings=3, runs=3)


def _point(
    activation: str = "sigmoid", norm: str = "batch norm", first: int = 0, last: int = 3
) -> study.Point:
    return study.Point("training", activation, norm, first, last, SETUP)


def test_a_run_does_not_depend_on_its_group() -> None:
    together, alone = study.run(_point()), study.run(_point(first=1, last=2))
    for name in ("saturated", "gradient", "accuracy"):
        assert np.array_equal(together[name].sel(run=[1]), alone[name]), name


def test_conditions_share_weights_and_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = study.train

    def spy(network, params, state, batches, *rest):
        weights = [layer["weight"].copy() for layer in params if "weight" in layer]
        batches = iter(batches)
        first = [a.copy() for a in next(batches)]
        seen.append((weights, *first))
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    for norm in study.NORMS:
        study.run(_point(norm=norm))
    (plain, x, labels), (normed, other_x, other_labels) = seen
    assert np.array_equal(x, other_x) and np.array_equal(labels, other_labels)
    for a, b in zip(plain, normed, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(x[:3], x[3:]) and not np.array_equal(x[0], x[1])
    for k, weight in enumerate(plain):  # the last is the output layer
        factor = np.float32(SETUP.large) if k < len(plain) - 1 else 1
        assert np.array_equal(weight[3:], weight[:3] * factor)


def test_saturation_is_a_twentieth_of_the_range() -> None:
    z = np.array([-4.0, -2.9, -1.5, 0.0, 1.4, 1.5, 3.0, 5.0])[None, :, None]
    by_hand = np.mean((1 / (1 + np.exp(-z)) < 0.05) | (1 / (1 + np.exp(-z)) > 0.95))
    assert study._saturated("sigmoid", z) == by_hand
    assert study._saturated("tanh", z) == np.mean(np.abs(np.tanh(z)) > 0.9)


def test_histograms_hold_every_output() -> None:
    histogram = study.run(_point())["histogram"]
    assert np.allclose(histogram.sum("bin"), 1, atol=1e-6)


def test_readings_are_closer_at_the_start_and_end_at_the_last_step() -> None:
    steps = study.reading_steps(study.FULL)
    assert steps[0] == 0 and steps[-1] == study.FULL.steps
    assert np.all(np.diff(np.diff(steps)) >= -1)


def test_with_batch_norm_the_size_of_the_weights_does_not_matter_at_the_start() -> None:
    results = quick.results("saturation").sel(norm="batch norm").isel(step=0)
    ratio = results["gradient"].isel(layer=0) / results["gradient"].isel(layer=-1)
    assert np.allclose(ratio.sel(size="usual"), ratio.sel(size="large"), rtol=0.02)
    plain = quick.results("saturation").sel(norm="none").isel(step=0)["saturated"].mean()
    assert plain > 0.05
