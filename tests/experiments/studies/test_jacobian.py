"""The study of the backward pass notices a backward pass that removes too little."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.standardize import Standardize
from experiments.studies import jacobian
from experiments.theory import transform as theory
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("jacobian")


def test_two_directions_are_lost_with_and_without_gamma_and_beta(results) -> None:
    assert (results["lost"] == 2).all() and (results["lost_affine"] == 2).all()
    assert results["constant"].max() < jacobian.ROUND_OFF
    assert results["stretch"].max() < jacobian.ROUND_OFF


def test_the_others_are_gamma_over_sigma(results) -> None:
    for m in results["batch"].values:
        found = results["singular_value"].sel(batch=m).isel(rank=slice(0, int(m))).values
        expected = np.broadcast_to(theory.backward_spectrum(m, 1.0, 1.0, 0.0), found.shape)
        assert found == pytest.approx(expected, abs=1e-12)


def test_position_and_scale_do_not_reach_the_output(results) -> None:
    # outputs of up to e² √31, of inputs moved by up to ten times their width
    assert results["moved"].max() < 1e-11


def test_epsilon_lets_the_stretch_through(results) -> None:
    share = results["stretch_share"]
    expected = results["stretch_share_theory"].broadcast_like(share).transpose(*share.dims)
    assert share.values == pytest.approx(expected.values, abs=1e-12)
    assert results["spectrum_error"].max() < jacobian.ROUND_OFF


@pytest.mark.parametrize("kept", ["constant", "stretch"])
def test_a_backward_pass_that_removes_one_direction_only_is_noticed(
    kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def backward(self, params, saved, dy, buffers=None):
        xhat = saved["xhat"]
        mean = dy.mean(axis=1, keepdims=True)
        along = xhat * (dy * xhat).mean(axis=1, keepdims=True)
        return saved["inv_std"][:, None, :] * (dy - (mean if kept == "stretch" else along)), {}

    monkeypatch.setattr(Standardize, "backward", backward)
    broken = jacobian.points(jacobian.QUICK)["spectrum-8"]()
    assert (broken["lost"] == 1).all() and broken[kept].min() > 0.99
