"""The study of the backward pass says what its page says, and notices a backward pass that removes too little."""

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
    assert (
        results["constant"].max() < jacobian.ROUND_OFF
        and results["stretch"].max() < jacobian.ROUND_OFF
    )


def test_the_others_are_gamma_over_sigma(results) -> None:
    for m in results["batch"].values:
        found = results["singular_value"].sel(batch=m).isel(rank=slice(0, int(m))).values
        expected = np.broadcast_to(theory.backward_spectrum(m, 1.0, 1.0, 0.0), found.shape)
        assert found == pytest.approx(expected, abs=1e-12)


def test_position_and_scale_do_not_reach_the_output(results) -> None:
    assert (
        results["moved"].max() < 1e-11
    )  # outputs of up to e² × √31, of inputs moved by up to ten times their width


def test_the_squared_length_loses_two_parts_over_m_and_the_root_takes_too_much(results) -> None:
    assert results["norm_error"].max() < jacobian.ROUND_OFF
    assert (results["root_bound"] < 0).all()


def test_epsilon_lets_the_stretch_through(results) -> None:
    share = results["stretch_share"]
    expected = results["stretch_share_theory"].broadcast_like(share).transpose(*share.dims)
    assert share.values == pytest.approx(expected.values, abs=1e-12)
    assert results["spectrum_error"].max() < jacobian.ROUND_OFF


def test_the_parts_add_up_and_are_orthogonal(results) -> None:
    part = results["part"]
    removed = part.sel(kind=["constant", "stretch", "returns"]).sum("kind")
    assert removed.values == pytest.approx(part.sel(kind="arrives").values)
    matrix = part.sel(kind=["constant", "stretch", "returns"]).values
    assert matrix @ matrix.T == pytest.approx(np.diag(np.square(matrix).sum(axis=1)), abs=1e-12)


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
    broken = jacobian.run(quick.points("jacobian")["spectrum"])
    assert (broken["lost"] == 1).all() and broken[kept].min() > 0.99
