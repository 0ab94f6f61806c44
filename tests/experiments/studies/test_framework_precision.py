"""Who computes in float32, and who loses the variance of data far from zero."""

from __future__ import annotations

import numpy as np

from experiments.measures.frameworks import ONE_PASS, VARIANTS
from experiments.studies import framework_precision
from tests import quick


def test_keras_computes_in_float32_and_the_others_do_not() -> None:
    results = quick.results("framework_precision")
    assert framework_precision.CLAIMS["float64-is-float64"].outcomes(results) == [
        True,
        False,
        True,
        True,
    ]


def test_one_pass_loses_the_variance_and_two_do_not() -> None:
    found = quick.results("framework_precision")["variance_ratio"].sel(offset=1000.0)
    off = np.abs(found - 1).to_series()
    for name in (*VARIANTS, framework_precision.OURS):
        assert (off[name] > 0.01) == (name in ONE_PASS), name
