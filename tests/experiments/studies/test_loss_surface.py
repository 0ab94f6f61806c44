"""The surfaces that are drawn are those of the units, with the recorded minimum at the bottom."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tests import quick


@pytest.fixture(scope="module")
def drawn() -> xr.Dataset:
    """Of tanh units, which have minima also after the quick profile's training."""
    point = quick.points("loss_surface")["drawn"]
    return point.func(**point.keywords | {"name": "tanh", "grid": 41})


def test_around_its_minimum_a_drawn_surface_rises_as_the_recorded_quadratic(
    drawn: xr.Dataset,
) -> None:
    """Differences of the loss between points of the grid near the minimum; γ is not β."""
    checked = 0
    for k in range(drawn.sizes["shown"]):
        one = drawn.isel(shown=k)
        low, hessian = one["surface_minimum"].values, one["surface_hessian"].values
        if np.linalg.eigvalsh(hessian)[0] <= 0:  # without a minimum nearby
            continue
        loss = one["surface_loss"].transpose("beta_tick", "tick").values
        gamma, beta = one["surface_axis"].transpose("parameter", "tick").values
        off = np.stack(np.meshgrid(gamma - low[0], beta - low[1]), axis=-1)
        quadratic = 0.5 * np.einsum("...a,ab,...b", off, hessian, off)
        near = np.linalg.norm(off, axis=-1) < 3 * (gamma[1] - gamma[0])
        away = (loss - quadratic)[near]
        assert near.sum() > 20
        assert np.ptp(away) < 0.25 * np.ptp(quadratic[near])
        checked += 1
    assert checked
