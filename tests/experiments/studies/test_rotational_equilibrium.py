"""Weights grow by Pythagoras and settle by the closed forms; a wrong gradient is noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.engine.standardize import Standardize
from experiments.studies import rotational_equilibrium as study
from tests import quick


def test_pythagoras_holds_in_every_step() -> None:
    claim = study.CLAIMS["sgd-lengthens-weights"]
    assert all(claim.outcomes(quick.results("rotational_equilibrium")))


def test_the_angle_in_equilibrium() -> None:
    """A large product settles within the few steps that a test can take."""
    setup = replace(study.QUICK, steps=600, pairs=((1.0, 0.03),))
    results = study.points(setup)["pair-1-0.03"]()
    turn = np.sqrt(np.square(results["turn"]).mean())
    assert float(turn) == pytest.approx(np.sqrt(2 * 0.03), rel=0.02)
    ratio = (results["fourth_power"] / results["fourth_power_next"]).mean()
    assert float(ratio) == pytest.approx(1, abs=0.03)


def test_a_gradient_that_is_not_orthogonal_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(self, params, saved, dy, buffers=None):
        return (dy - dy.mean(axis=1, keepdims=True)) * saved["inv_std"][:, None, :], {}

    monkeypatch.setattr(Standardize, "backward", backward)
    broken = study.points(replace(study.QUICK, growth_steps=5))["growth-0.1"]()
    assert float(broken["step_error"].min()) > 1e-6
