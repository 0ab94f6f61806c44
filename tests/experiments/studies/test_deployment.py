"""Folding and synchronized statistics, and what notices that they are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine import folding, synchronized
from experiments.studies import deployment
from tests import quick


def test_the_algorithms_find_a_variance() -> None:
    x = np.random.default_rng(0).standard_normal((2, 64, 3)).astype(np.float32)
    for name, algorithm in deployment.ALGORITHMS.items():
        assert algorithm(x) == pytest.approx(x.astype(float).var(axis=1), rel=1e-5), name


@pytest.mark.parametrize("k", [1, 2, 3, 8])
def test_shifted_devices_have_the_variance_that_is_named(k: int) -> None:
    offsets = deployment._unit_variance(k)
    assert offsets.mean() == pytest.approx(0, abs=1e-15) and offsets.var() == pytest.approx(
        float(k > 1)
    )


def test_a_fold_that_forgets_epsilon_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(net, params, state):
        eps = net.layers[1].convention.eps
        return real(
            net,
            params,
            [
                {name: a - eps * (name == "running_var") for name, a in layer.items()}
                for layer in state
            ],
        )

    real = folding.fold
    monkeypatch.setattr(deployment, "fold", without)
    setup = deployment.QUICK
    assert deployment._fold(setup, "float64", 16, "bias", 1.0, 1.0)["over_bound"].min() > 1
    assert deployment._fold(setup, "float32", 16, "bias", 1.0, 1.0)["over_bound"].max() > 1


def test_pooling_without_the_variance_of_the_means_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def average(means, variances, counts):
        mean, _, n = synchronized.combine(means, variances, counts)
        return mean, sum(v * c / n for v, c in zip(variances, counts, strict=True)), n

    monkeypatch.setattr(deployment, "combine", average)
    broken = deployment._shards(deployment.QUICK)
    assert broken["pooled_over_bound"].sel(shards=[2, 8, 32]).min() > 1e6


def test_underflow_is_what_large_running_variances_cost() -> None:
    results = quick.results("deployment").sel(scale=1e4)
    assert results["scale_folded_error"].mean().item() == pytest.approx(
        results["scale_theory"].item(), rel=0.1
    )
