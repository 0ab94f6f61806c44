"""The study of a batch's variance agrees with the closed forms."""

from __future__ import annotations

import pytest

from tests import quick


def test_mean_variance_and_inverse_variance() -> None:
    results = quick.results("batch_variance")
    variance = results["variance"].mean("run")
    assert variance.values == pytest.approx(results["variance_theory"].values, rel=0.06)
    large = results.isel(count=-1).sel(batch=slice(8, None))
    inverse, expected = large["inverse_variance"].mean("run"), large["inverse_variance_theory"]
    assert inverse.values == pytest.approx(expected.values, rel=0.06)
