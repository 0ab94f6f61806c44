"""Conditions are paired, noise is the only difference between its sizes, and the time to a target is read between readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.studies import noisy_bn as study

SETUP = replace(study.QUICK, hidden=(8, 8), steps=4, plain_steps=6, readings=4, runs=2)


def test_conditions_start_from_the_same_weights_and_see_the_same_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    real = study.train

    def spy(network, params, state, batches, *rest):
        batches = iter(batches)
        x, labels = next(batches)
        seen.append(
            (
                x.copy(),
                labels.copy(),
                *(layer["weight"].copy() for layer in params if "weight" in layer),
            )
        )
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    for point in study.points(SETUP).values():
        study.run(point)
    assert len(seen) == 2 + 1 + len(SETUP.sizes)
    for other in seen[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(seen[0], other, strict=True))


def test_noise_raises_the_shift_and_does_not_touch_the_first_accuracy() -> None:
    still, moved = (study.run(study.Point("batch norm", size, SETUP)) for size in (0.0, 1.0))
    assert (moved["travelled"].values > 2 * still["travelled"].values).all()
    assert np.array_equal(
        moved["accuracy"].sel(step=0).values, still["accuracy"].sel(step=0).values
    )


def test_the_time_to_a_target() -> None:
    steps = np.array([0.0, 10.0, 30.0])
    values = np.array([[0.1, 0.1, 0.9], [0.5, 0.2, 0.9], [0.9, 0.3, 0.9]])  # (step, run)
    assert study.first_at(steps, values, 0.8) == pytest.approx([25.0, np.inf, 0.0])
