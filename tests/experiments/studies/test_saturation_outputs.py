"""Histograms hold every output."""

from __future__ import annotations

import numpy as np

from tests import quick


def test_histograms_hold_every_output() -> None:
    histogram = quick.results("saturation_outputs")["histogram"]
    assert np.allclose(histogram.sum("bin"), 1, atol=1e-6)
