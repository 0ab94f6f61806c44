"""Pairs are pairs, the linear network's loss has the gradient it claims, and the window picks what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from experiments.studies import ics_gradient as study

SETUP = replace(
    study.QUICK, hidden=(8, 8), steps=6, small_steps=4, readings=3, every=3, runs=2, linear_steps=4
)


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
    for case in (study.SMALL, study.MAIN):
        for norm in study.NORMS:
            study.run(study.Point(case, norm, SETUP))
    assert len(seen) == 4
    for other in seen[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(seen[0], other, strict=True))


def test_linear_networks_have_the_same_data() -> None:
    """Before the first step a network of one linear layer, which batch norm does not touch, has the same loss."""
    one = replace(SETUP, linear_depth=1)
    readings = [
        next(
            study._linear(
                one, norm, study.LINEAR, [np.random.default_rng(1)], [np.random.default_rng(2)]
            )
        )
        for norm in study.NORMS
    ]
    assert readings[0][1] == readings[1][1]


def test_half_squared_error_against_differences() -> None:
    rng = np.random.default_rng(0)
    y, target, direction = rng.standard_normal((3, 2, 5, 4))
    _, dy = study.half_squared_error(y, target)
    h = 1e-5
    slope = (
        study.half_squared_error(y + h * direction, target)[0]
        - study.half_squared_error(y - h * direction, target)[0]
    ) / (2 * h)
    assert slope == pytest.approx((dy * direction).sum(axis=(1, 2)))


def test_the_window_takes_the_readings_inside_or_else_the_closest() -> None:
    loss = np.array([[2.0, 3.0], [1.0, 2.5], [0.5, 2.2], [0.1, 4.0]])  # (step, run)
    cosine = np.array([[0.9, 0.9], [0.8, 0.7], [0.6, 0.5], [0.1, 0.3]])
    results = xr.Dataset(
        {"loss": (("case", "norm", "step", "run"), loss[None, None]),
         "cosine": (("case", "norm", "layer", "step", "run"), cosine[None, None, None])},
        coords={"case": [study.MAIN], "norm": ["none"], "layer": [2], "step": range(4)},
    )  # fmt: skip
    assert study.shift_in_window(results, "none", "turn", (0.4, 1.6)) == pytest.approx([0.3, 0.5])
