"""The identities hold on small tasks too, and a gradient that is not orthogonal is noticed."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.engine.standardize import Standardize
from experiments.results import Near, value
from experiments.studies import scale_invariance as study
from experiments.theory import optimization as theory
from tests import quick


def measured(results: xr.Dataset, start: str) -> list:
    """Whether each case of the claim whose id starts so holds."""
    claim = next(claim for key, claim in study.CLAIMS.items() if key.startswith(start))
    return claim.outcomes(results)


@pytest.mark.parametrize("start", ["large-weights", "what-eps-leaves", "size-is"])
def test_the_identities_hold(start: str) -> None:
    assert all(measured(quick.results("scale_invariance"), start))


def test_eps_is_a_size() -> None:
    """a times the weights is 1/a² times ε: a tenth of the weights at 1e-5 is like 1e-3."""
    small, usual = (
        value("value_share", eps=eps, scale=Near(a))(quick.results("scale_invariance")).values
        for eps, a in ((1e-5, 0.1), (1e-3, 1.0))
    )
    assert small == pytest.approx(usual, rel=1e-12)


def test_the_first_step_turns_by_the_square() -> None:
    results = quick.results("scale_invariance")
    tangent = np.tan(results["first_turn"].sel(condition=study.ONE_RATE))
    ratio = (tangent.sel(factor=16.0) / tangent.sel(factor=4.0)).values
    assert ratio == pytest.approx(1 / 16, rel=0.01)


def test_a_backward_pass_that_is_not_orthogonal_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(self, params, saved, dy, buffers=None):
        return (dy - dy.mean(axis=1, keepdims=True)) * saved["inv_std"][:, None, :], {}

    monkeypatch.setattr(Standardize, "backward", backward)
    broken = quick.points("scale_invariance")["scales-runs-00"]()
    assert measured(broken, "gradient-is-orthogonal")[0] is not True


def test_a_wrong_closed_form_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = theory.radial_gradient
    monkeypatch.setattr(theory, "radial_gradient", lambda *args: 1.001 * right(*args))
    broken = quick.points("scale_invariance")["scales-runs-00"]()
    assert not any(measured(broken, "what-eps-leaves-along-the-weights"))
