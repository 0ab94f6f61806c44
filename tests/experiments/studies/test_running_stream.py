"""The stream follows its closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies.running_stream import QUICK
from tests import quick


def test_the_mean_and_the_noise_follow_their_closed_forms() -> None:
    results = quick.results("running_stream")
    off = results["ema_mean"].mean("stream_run") - results["ema_mean_theory"]
    samples = results.sizes["stream_run"] * QUICK.features
    standard_error = np.sqrt(results["ema_variance_theory"] / samples)
    assert np.abs(off / standard_error).max() < 5
    ratio = results["ema_variance"].mean("stream_run") / results["ema_variance_theory"]
    assert np.abs(ratio - 1).max() < 6 * np.sqrt(2 / samples)


def test_the_start_is_forgotten_when_the_closed_form_says() -> None:
    results = quick.results("running_stream")
    needed = results["steps_to_one_percent"]
    assert needed.equals(results["steps_to_one_percent_theory"])
    assert needed.sel(stream_rate=[0.1, 0.01]).values == pytest.approx([44, 459])
