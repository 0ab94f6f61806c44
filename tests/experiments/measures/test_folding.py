"""What folding changes is measured against exact arithmetic, and a wrong fold is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures import folding
from experiments.runs import Runs
from experiments.studies.folding import random_layer


@pytest.fixture
def layer():
    """Three random layers of eight units, and 32 inputs."""
    return random_layer(Runs(0, 3), 16, 32, 8, "bias", 1.0)


@pytest.mark.parametrize("precision", ["float64", "float32", "float16"])
def test_both_forms_lie_within_the_bound(layer, precision: str) -> None:
    found = folding.errors(*layer, precision)
    assert (found["over_bound"] > 0).all() and (found["over_bound"] < 1).all()
    unit = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11}[precision]
    for form in ("unfolded", "folded"):
        assert (found[form] > unit / 10).all() and (found[form] < 10 * unit).all()


def test_the_offset_is_that_of_the_units(layer) -> None:
    model, x = layer
    z = x @ model.params[0]["weight"] + model.params[0]["bias"][:, None]
    expected = np.sqrt(np.mean(np.square(z.mean(axis=1) / z.std(axis=1)), axis=1))
    assert folding.errors(model, x, "float64")["offset"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_fold_that_forgets_epsilon_is_noticed(
    layer, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(network, params, state):
        eps = network.layers[1].convention.eps
        var = state[1]["running_var"] - eps
        return real(network, params, [{}, state[1] | {"running_var": var}, {}])

    real = folding.fold
    monkeypatch.setattr(folding, "fold", without)
    assert folding.errors(*layer, precision)["over_bound"].max() > 1
