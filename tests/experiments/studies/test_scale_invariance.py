"""The scale-invariance study says what its page says, and notices a gradient that is not orthogonal."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.standardize import Standardize
from experiments.studies import scale_invariance
from experiments.theory import optimization as theory
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("scale_invariance")


def measured(results, claim_id: str) -> list:
    claim = next(claim for claim in scale_invariance.CLAIMS if claim.id == claim_id)
    return [case.holds(case.measure(results)) for case in claim.cases]


def test_the_identities_hold(results) -> None:
    for claim in (
        "large-weights-small-gradients",
        "what-eps-leaves-along-the-weights",
        "size-is-a-learning-rate",
    ):
        assert all(measured(results, claim)), claim


def test_eps_is_a_size(results) -> None:
    """a times the weights is 1/a² times ε: ten times smaller weights at 1e-5 are like the weights at 1e-3."""
    small = results["value_share"].sel(eps=1e-5).sel(scale=0.1, method="nearest")
    usual = results["value_share"].sel(eps=1e-3).sel(scale=1.0, method="nearest")
    assert small.values == pytest.approx(usual.values, rel=1e-12)


def test_the_first_step_turns_by_the_square(results) -> None:
    tangent = np.tan(results["first_turn"].sel(condition=scale_invariance.CONDITIONS[0]))
    ratio = (tangent.sel(factor=16.0) / tangent.sel(factor=4.0)).values
    assert ratio == pytest.approx(1 / 16, rel=0.01)


def test_a_backward_pass_that_is_not_orthogonal_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(self, params, saved, dy, buffers=None):
        return (dy - dy.mean(axis=1, keepdims=True)) * saved["inv_std"][:, None, :], {}

    monkeypatch.setattr(Standardize, "backward", backward)
    points = scale_invariance.points(scale_invariance.QUICK)
    broken = scale_invariance.run(points["scales"])
    assert measured(broken, "gradient-is-orthogonal")[0] is not True


def test_a_wrong_closed_form_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = theory.radial_gradient
    monkeypatch.setattr(theory, "radial_gradient", lambda *args: 1.001 * right(*args))
    broken = scale_invariance.run(scale_invariance.points(scale_invariance.QUICK)["scales"])
    assert not any(measured(broken, "what-eps-leaves-along-the-weights"))
