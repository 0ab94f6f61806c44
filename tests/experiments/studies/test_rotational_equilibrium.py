"""The study of the equilibrium says what its page says, and notices decay that acts on something else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.engine.standardize import Standardize
from experiments.studies import rotational_equilibrium as study
from tests import quick


def measured(results, claim_id: str) -> list:
    claim = next(claim for claim in study.CLAIMS if claim.id == claim_id)
    return [case.holds(case.measure(results)) for case in claim.cases]


def test_pythagoras_holds_in_every_step() -> None:
    assert all(measured(quick.results("rotational_equilibrium"), "sgd-lengthens-weights"))


def test_the_angle_in_equilibrium() -> None:
    """A large product settles within the few steps that a test can take."""
    setup = replace(study.QUICK, steps=600)
    results = study.run(study.Point("equilibrium", 1.0, 0.03, 0.0, setup))
    turn = np.sqrt(np.square(results["turn"]).mean())
    assert float(turn) == pytest.approx(np.sqrt(2 * 0.03), rel=0.02)
    ratio = (results["fourth_power"] / results["fourth_power_next"]).mean()
    assert float(ratio) == pytest.approx(1, abs=0.03)


def test_angles_are_those_between_vectors() -> None:
    before = np.array([[[1.0], [0.0]]])
    for angle in (1e-9, 0.3, np.pi / 2, np.pi):
        after = 7.0 * np.array([[[np.cos(angle)], [np.sin(angle)]]])
        assert study._turn(before, after)[0, 0] == pytest.approx(angle, rel=1e-7)


def test_a_gradient_that_is_not_orthogonal_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(self, params, saved, dy, buffers=None):
        return (dy - dy.mean(axis=1, keepdims=True)) * saved["inv_std"][:, None, :], {}

    monkeypatch.setattr(Standardize, "backward", backward)
    setup = replace(study.QUICK, growth_steps=5)
    broken = study.run(study.Point("growth", 0.1, 0.0, 0.0, setup))
    assert float(broken["step_error"].min()) > 1e-6
