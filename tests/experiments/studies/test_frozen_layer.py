"""Fixed statistics make batch norm an affine map, and what notices a gradient of the others."""

from __future__ import annotations

import pytest

from experiments.engine.standardize import Standardize
from tests import quick


def test_batch_statistics_lose_two_directions_and_the_scale() -> None:
    results = quick.results("frozen_layer").sel(statistics="batch")
    for name in ("constant_gain", "along_gain", "radial", "scale_change"):
        assert results[name].max() < 1e-12, name
    assert results["affine_error"].min() > 0.01


def test_a_gradient_of_batch_statistics_in_evaluation_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backward = Standardize.backward
    monkeypatch.setattr(
        Standardize,
        "backward",
        lambda self, p, saved, dy, buffers=None: backward(
            self, p, saved | {"constant": False}, dy, buffers
        ),
    )
    broken = quick.points("frozen_layer")["layer-runs-00"]()
    assert abs(broken["constant_gain"].sel(statistics="running") - 1).min() > 1e-3
