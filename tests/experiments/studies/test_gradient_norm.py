"""What a gradient loses of its squared length, and the parts of one that is taken apart."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies import gradient_norm as study
from tests import quick


def test_the_squared_length_loses_two_parts_over_m_and_the_root_takes_too_much() -> None:
    results = quick.results("gradient_norm")
    assert results["norm_error"].max() < study.ROUND_OFF
    assert (results["root_bound"] < 0).all()


def test_the_parts_add_up_and_are_orthogonal() -> None:
    part = quick.results("gradient_norm")["part"]
    taken = part.sel(kind=["constant", "stretch", "returns"])
    assert taken.sum("kind").values == pytest.approx(part.sel(kind="arrives").values)
    products = taken.values @ taken.values.T
    assert products == pytest.approx(np.diag(np.diag(products)), abs=1e-12)
