"""What digits are worth, by NumPy alone."""

from __future__ import annotations

import pytest

from experiments.studies.digit_worth import PIXELS
from experiments.training import load
from tests import quick


def test_digits_are_worth_their_variance_over_that_of_their_means() -> None:
    """Of every second training digit; some of them all are worth about as much."""
    results, images = quick.results("digit_worth"), load("digits").train.x[::2].astype(float)
    expected = images.var() / images.mean(axis=1).var(ddof=1)
    assert results["digit_worth"] == pytest.approx(expected)
    some = results["grid_worth"].sel(pixels=PIXELS).mean()
    assert some == pytest.approx(expected, rel=0.35)
