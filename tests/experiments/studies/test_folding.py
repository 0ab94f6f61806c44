"""Random layers are what they are said to be, and underflow is what costs digits."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.runs import Runs
from experiments.studies.folding import random_layer
from tests import quick


@pytest.mark.parametrize("origin", ["bias", "inputs"])
def test_running_statistics_are_those_of_the_inputs(origin: str) -> None:
    model, x = random_layer(Runs(0, 2), 16, 32, 8, origin, 10.0, 0.5)
    z = x @ model.params[0]["weight"] + model.params[0]["bias"][:, None]
    assert model.state[1]["running_mean"] == pytest.approx(z.mean(axis=1))
    assert model.state[1]["running_var"] == pytest.approx(z.var(axis=1))
    assert x.mean() == pytest.approx(5.0 if origin == "inputs" else 0.0, abs=0.1)
    if origin == "bias":
        product = z - model.params[0]["bias"][:, None]
        assert np.allclose(model.params[0]["bias"], 10 * product.std(axis=1))


def test_underflow_is_what_large_running_variances_cost() -> None:
    results = quick.results("folding").sel(scale=1e4)
    expected = results["scale_theory"].item()
    assert results["scale_folded_error"].mean().item() == pytest.approx(expected, rel=0.1)
