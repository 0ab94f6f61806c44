"""The gradient explosion study says what its page says, at any batch sizes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.engine.train import Model
from experiments.studies import gradient_explosion as study
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("gradient_explosion")


def test_the_last_layer_is_the_unit(results) -> None:
    assert (results["log_square"].isel(layer=-1) == 0).all()
    assert (results["scaled_log_square"].isel(layer=-1) == 0).all()


def test_a_gradient_is_carried_down_as_differences_say() -> None:
    """‖∂L/∂z‖ of the lower of two layers, against central differences of the same network."""
    rng = np.random.default_rng(1)
    width, batch, step = 5, 6, 1e-6
    first, second = rng.standard_normal((2, width, width))
    x, top = rng.standard_normal((2, batch, width))
    network = study.network("batch norm", "relu", 2, width)
    model = Model(network, *network.init([rng], width))
    model.params[0]["weight"], model.params[3]["weight"] = first[None], second[None]

    def activated(z: np.ndarray) -> np.ndarray:
        return np.maximum((z - z.mean(axis=0)) / z.std(axis=0), 0)

    def square(loss, z: np.ndarray) -> float:
        """‖∂L/∂z‖², each number moved by itself."""
        moves = step * np.eye(z.size).reshape(-1, *z.shape)
        slopes = [(loss(z + move) - loss(z - move)) / (2 * step) for move in moves]
        return np.sum(np.square(slopes))

    lower, upper = x @ first, activated(x @ first) @ second
    squares = [
        square(lambda z: np.sum(activated(activated(z) @ second) * top), lower),
        square(lambda z: np.sum(activated(z) * top), upper),
    ]
    found = study.log_squares(model, x[None], top[None])
    assert found == pytest.approx([np.log(squares[0] / squares[1]), 0], abs=1e-6)


def test_the_scale_of_the_weights_drops_out_with_batch_norm_only(results) -> None:
    log = results["scaled_log_square"]
    assert np.ptp(log.sel(norm="batch norm").transpose("scale", ...).values, axis=0).max() < 1e-4
    plain = log.sel(norm="none")
    depth = plain["layer"][-1] - plain["layer"]
    assert (plain.sel(scale=0.5) - plain.sel(scale=1)).values == pytest.approx(
        np.broadcast_to(-depth * np.log(4), plain.sel(scale=1).shape), abs=1e-3
    )


def test_the_growth_is_the_slope_above_the_lowest_layer(results) -> None:
    logs = -np.log(1.3) * np.arange(9.0)
    logs[0] = 99
    assert study.growth(logs, skipped=1) == pytest.approx(1.3)
    found = study.growth(results["log_square"].values, study.QUICK.skipped)
    assert found == pytest.approx(results["growth"].transpose("run", "activation", "batch").values)


def test_the_law_holds_at_other_batch_sizes() -> None:
    """Half the width and fewer layers than in the full profile, and sizes that it does not have."""
    setup = dataclasses.replace(
        study.FULL, batches=(7, 12, 24), width=300, layers=30, scales=(1.0,), runs=8
    )
    results = study.points(setup)["networks"]()
    found = results["growth"].mean("run") / results["predicted"]
    assert found.values == pytest.approx(1, rel=0.04)


def test_a_wrong_prediction_is_noticed(results) -> None:
    wrong = results.assign(predicted=0.5 * results["predicted"])
    assert set(next(iter(study.CLAIMS.values())).outcomes(wrong)) == {False}
