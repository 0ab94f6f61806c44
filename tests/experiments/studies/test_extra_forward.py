"""A second forward pass, and what notices a layer that updates only in the first."""

import pytest

from experiments.engine.standardize import Standardize
from experiments.studies import extra_forward
from experiments.theory.inference import statistics_left
from tests import quick


def test_every_pass_goes_the_same_share_of_what_is_left() -> None:
    gone = quick.results("extra_forward")["gone"]
    for k in (1, 2):
        theory = 1 - statistics_left(k, gone["rate"])
        assert abs(gone.sel(passes=k) - theory).max() < 1e-13  # sums of 32 numbers of order one


def test_a_layer_that_updates_only_once_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = Standardize.forward

    def once(self, params, state, x, training, buffers=None):
        y, saved, after = forward(self, params, state, x, training, buffers)
        return y, saved, state if state["running_mean"].any() else after

    monkeypatch.setattr(Standardize, "forward", once)
    broken = quick.points("extra_forward")["rate-0.1"]()
    case = next(iter(extra_forward.CLAIMS.values())).cases[1]
    assert case.rule(case.measure(quick.results("extra_forward"))) is False
    assert case.rule(case.measure(broken)) is True
