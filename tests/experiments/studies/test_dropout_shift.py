"""The variance shift, and a batch norm that forgets about it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.dropout import Dropout
from experiments.studies import dropout_shift
from tests import quick


def test_the_moments_of_the_inputs() -> None:
    rngs = [np.random.default_rng(1)]
    for name, (mean, variance) in dropout_shift.INPUTS.items():
        x = dropout_shift._inputs(name, rngs, 400_000)
        assert x.mean() == pytest.approx(mean, abs=0.01) and x.var() == pytest.approx(
            variance, rel=0.02
        )


def test_relu_at_one_half() -> None:
    results = quick.results("dropout_shift").sel(input="ReLU", keep=0.5)
    assert results["eval_variance_theory"].item() == pytest.approx(
        (0.5 - 0.5 / np.pi) / (1 - 0.5 / np.pi)
    )
    assert results["eval_variance"].sel(order="before").mean().item() == pytest.approx(
        0.405, abs=0.03
    )
    assert results["eval_variance"].sel(order="after").mean().item() == pytest.approx(1, abs=0.05)


def test_dropout_that_does_not_scale_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = Dropout.forward

    def unscaled(self, params, state, x, training, buffers=None):
        y, saved, state = forward(self, params, state, x, training, buffers)
        return (y * self.keep if training else y), saved, state

    monkeypatch.setattr(Dropout, "forward", unscaled)
    broken = dropout_shift.run(quick.points("dropout_shift")["keep-50"])
    ratio = broken["eval_variance"].sel(order="before") / broken["eval_variance_theory"]
    assert (ratio.mean("run") > 1.5).all()
