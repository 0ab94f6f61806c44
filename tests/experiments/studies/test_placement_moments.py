"""After the nonlinearity, γ and β are the moments."""

from __future__ import annotations

import numpy as np
import pytest

from tests import quick


def test_after_the_nonlinearity_every_batch_has_the_moments_of_gamma_and_beta() -> None:
    results = quick.results("placement_moments")
    after = results["moments"].sel(place="after").transpose("moment", "pair", "run").values
    for moment, parameter in zip(after, ("beta", "gamma"), strict=False):
        expected = np.tile(results[parameter].values[:, None], moment.shape[1])
        assert moment == pytest.approx(expected, abs=1e-12)
