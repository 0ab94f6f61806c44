"""The variance shift, and dropout that does not scale."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.dropout import Dropout
from experiments.studies import dropout_shift
from tests import quick


@pytest.mark.parametrize("name", dropout_shift.INPUTS)
def test_the_moments_of_the_inputs(name: str) -> None:
    x = dropout_shift.inputs(name, [np.random.default_rng(1)], 400_000)
    mean, variance = dropout_shift.INPUTS[name]
    assert x.mean() == pytest.approx(mean, abs=0.01)
    assert x.var() == pytest.approx(variance, rel=0.02)


def test_relu_at_one_half() -> None:
    results = quick.results("dropout_shift").sel(input="ReLU", keep=0.5)
    expected = (0.5 - 0.5 / np.pi) / (1 - 0.5 / np.pi)
    assert results["eval_variance_theory"].item() == pytest.approx(expected)
    measured = results["eval_variance"].mean("run")
    assert measured.sel(order="before").item() == pytest.approx(0.405, abs=0.03)
    assert measured.sel(order="after").item() == pytest.approx(1, abs=0.05)


def test_dropout_that_does_not_scale_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = Dropout.forward

    def unscaled(self, params, state, x, training, buffers=None):
        y, saved, state = forward(self, params, state, x, training, buffers)
        return (y * self.keep if training else y), saved, state

    monkeypatch.setattr(Dropout, "forward", unscaled)
    broken = quick.points("dropout_shift")["keep-50-runs-00"]()
    ratio = broken["eval_variance"].sel(order="before") / broken["eval_variance_theory"]
    assert (ratio.mean("run") > 1.5).all()
