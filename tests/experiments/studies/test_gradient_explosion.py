"""The gradient explosion study says what its page says, at any batch sizes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments import study
from experiments.engine.dense import Dense
from experiments.studies import gradient_explosion
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("gradient_explosion")


def test_the_last_layer_is_the_unit(results) -> None:
    assert (results["log_square"].isel(layer=-1) == 0).all()
    assert (results["scaled_log_square"].isel(layer=-1) == 0).all()


def test_a_gradient_is_carried_down_as_differences_say() -> None:
    """‖∂L/∂z‖ of the lower of two layers, against central differences of the same small network in float64."""
    rng = np.random.default_rng(1)
    width, batch, step = 5, 6, 1e-6
    params = [{"weight": rng.standard_normal((1, width, width))} for _ in range(2)]
    x, top = rng.standard_normal((2, 1, batch, width))
    dense = Dense(width, bias=False)

    def standardized(z: np.ndarray) -> np.ndarray:
        return (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)

    def loss(z: np.ndarray) -> float:
        hidden = np.maximum(standardized(z), 0)
        return float(np.sum(np.maximum(standardized(hidden @ params[1]["weight"]), 0) * top))

    z, lower = x @ params[0]["weight"], np.empty((batch, width))
    for at in np.ndindex(batch, width):
        move = np.zeros_like(z)
        move[0][at] = step
        lower[at] = (loss(z + move) - loss(z - move)) / (2 * step)

    def upper_loss(z: np.ndarray) -> float:
        return float(np.sum(np.maximum(standardized(z), 0) * top))

    z, upper = np.maximum(standardized(z), 0) @ params[1]["weight"], np.empty((batch, width))
    for at in np.ndindex(batch, width):
        move = np.zeros_like(z)
        move[0][at] = step
        upper[at] = (upper_loss(z + move) - upper_loss(z - move)) / (2 * step)
    found = gradient_explosion._log_squares(dense, params, "relu", True, (x, top))
    assert found == pytest.approx([np.log(np.sum(lower**2) / np.sum(upper**2)), 0], abs=1e-6)


def test_the_scale_of_the_weights_drops_out_with_batch_norm_only(results) -> None:
    log = results["scaled_log_square"]
    assert np.ptp(log.sel(norm="batch norm").transpose("scale", ...).values, axis=0).max() < 1e-4
    plain = log.sel(norm="none")
    depth = plain["layer"][-1] - plain["layer"]
    assert (plain.sel(scale=0.5) - plain.sel(scale=1)).values == pytest.approx(
        np.broadcast_to(-depth * np.log(4), plain.sel(scale=1).shape), abs=1e-3
    )


def test_rates_leave_the_lowest_layer_out(results) -> None:
    changed = results.copy(deep=True)
    changed["log_square"][{"layer": 0}] = 99.0
    assert np.array_equal(gradient_explosion.rates(changed), gradient_explosion.rates(results))
    exact = results.copy(deep=True)
    exact["log_square"][:] = -np.log(1.3) * (results["layer"] - 1)
    assert gradient_explosion.rates(exact).values == pytest.approx(1.3)


def test_the_claims_hold_at_other_batch_sizes() -> None:
    """Half the width and fewer layers than in the full profile, and sizes that it does not have."""
    setup = dataclasses.replace(
        gradient_explosion.FULL, batches=(7, 12, 24), width=300, layers=30, scales=(1.0,), runs=8
    )
    results = study.combine(
        {k: gradient_explosion.run(p) for k, p in gradient_explosion.points(setup).items()}
    )
    for activation in gradient_explosion.ACTIVATIONS:
        for batch in setup.batches:
            found = (
                gradient_explosion.rates(results)
                .sel(activation=activation, batch=batch)
                .mean()
                .item()
            )
            expected = gradient_explosion.predicted(activation, batch)
            assert found == pytest.approx(expected, rel=0.04), f"{activation}, batch of {batch}"


def test_a_wrong_prediction_is_noticed(results, monkeypatch) -> None:
    claim = gradient_explosion.CLAIMS[0]
    right = [case.measure(results).estimate for case in claim.cases]
    monkeypatch.setattr(gradient_explosion, "predicted", lambda activation, batch: 0.5)
    assert all(
        case.measure(results).estimate > 1.5 * was
        for case, was in zip(claim.cases, right, strict=True)
    )
    assert not any(case.holds(case.measure(results)) for case in claim.cases)
