"""The numbers against gradients of single samples, and pairs are pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.studies import gradient_mean_by_depth as study


def test_weight_bias_is_that_of_explicit_contributions() -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 7, 3)), rng.standard_normal((2, 7, 4))
    for run in range(2):
        g = np.einsum("ni,nj->nij", x[run], dy[run]).reshape(7, -1)
        products = g @ g.T
        pairs = (products.sum() - np.trace(products)) / (
            7 * 6
        )  # unbiased for ‖E g‖²: no sample meets itself
        assert study.weight_bias(x, dy)[run] == pytest.approx(pairs / (np.trace(products) / 7))


def test_weight_bias_of_contributions_that_are_all_alike_is_one() -> None:
    assert study.weight_bias(np.ones((1, 5, 3)), np.full((1, 5, 2), 0.3)) == pytest.approx([1.0])


def test_mean_over_std() -> None:
    gradient = np.array([[[3.0, 0.0], [1.0, 2.0]]])  # means 2 and 1, standard deviations 1 and 1
    assert study.mean_over_std(gradient) == pytest.approx([np.sqrt(2.5)])


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
    for point in study.points(replace(study.QUICK, steps=2, readings=2)).values():
        study.run(point)
    assert all(np.array_equal(a, b) for a, b in zip(*seen, strict=True))
