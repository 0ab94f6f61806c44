"""Fresh batches follow their closed form, and conventions differ by the correction alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests import quick


def test_fresh_batches_follow_their_closed_form() -> None:
    results = quick.results("bessel_by_depth").sel(batch=64)
    ratio = results["fresh_std"].mean("run") / results["fresh_std_theory"]
    assert ratio.values == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize("name", ["fresh_std", "network_std"])
def test_conventions_share_weights_and_batches(name: str) -> None:
    """In the first layer they differ by the correction, and by it alone."""
    first = quick.results("bessel_by_depth")[name].sel(batch=64, layer=1)
    ratio = first.sel(convention="unbiased") / first.sel(convention="biased")
    assert ratio.values == pytest.approx(np.sqrt(63 / 64), rel=1e-3)
