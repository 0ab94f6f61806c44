"""What the study compares is what it says: one layer differs, and weights and batches do not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.studies import alternatives
from tests import quick

EXPECTED = {  # values that the first of 4 samples, 6 channels, 4 pixels depends on: training, evaluation, gradient
    "none": (1, 1, 1),
    "weight normalization": (1, 1, 1),
    "batch norm": (16, 1, 16),
    "ghost batches": (8, 1, 8),
    "batch renormalization": (1, 1, 16),
    "layer norm": (24, 24, 24),
    "RMSNorm": (24, 24, 24),
    "group norm": (12, 12, 12),
    "instance norm": (4, 4, 4),
}


@pytest.mark.parametrize("norm", alternatives.NORMS)
def test_the_axes(norm: str) -> None:
    depends = quick.results("alternatives")["depends"].sel(norm=norm, mode=list(alternatives.MODES))
    assert tuple(depends.sum(["sample", "channel", "pixel"]).values.astype(int)) == EXPECTED[norm]
    own = depends.isel(sample=0, channel=0, pixel=0)
    assert (own == 1).all()


@pytest.mark.parametrize("layer", [Dense(6, bias=False), Convolution(6, bias=False)])
def test_all_start_from_the_same_weights(layer) -> None:
    x = np.random.default_rng(1).standard_normal(
        (3, 4, 2, 5, 5)[: 5 if isinstance(layer, Convolution) else 3]
    )
    x = x.astype(np.float32)
    outputs = {}
    for norm in alternatives.NORMS:
        network = Network(alternatives.block(norm, layer, alternatives.QUICK, 4))
        params, state = alternatives._started(
            network, [np.random.default_rng(r) for r in range(3)], x.shape[2]
        )
        outputs[norm] = params[0]["weight"]
        if norm in ("none", "weight normalization"):
            outputs[f"{norm}, forward"] = network.forward(params, state, x, True)[0]
    for norm in alternatives.NORMS:
        np.testing.assert_array_equal(outputs[norm], outputs["none"])
    np.testing.assert_allclose(
        outputs["weight normalization, forward"], outputs["none, forward"], rtol=1e-5, atol=1e-5
    )


def test_biased_batches_hold_two_classes_in_halves_and_depend_on_the_run_alone() -> None:
    x, labels = np.arange(50.0)[:, None], np.repeat(np.arange(10), 5)

    def first(seeds):
        return next(
            alternatives._two_classes(x, labels, 8, [np.random.default_rng(s) for s in seeds])
        )

    some_x, some_labels = first([1, 2, 3])
    for run, of in zip(some_x, some_labels, strict=True):
        assert len(set(of[:4])) == len(set(of[4:])) == 1 and of[0] != of[4]
        np.testing.assert_array_equal(run[:, 0] // 5, of)
    np.testing.assert_array_equal(first([3])[0][0], some_x[2])


def test_ghosts_of_two_in_batches_of_two_are_batch_norm() -> None:
    results = quick.results("alternatives").sel(task="batches of two")
    for quantity in ("accuracy", "gap"):
        ghost, batch = (
            results[quantity].sel(norm=norm).values for norm in ("ghost batches", "batch norm")
        )
        np.testing.assert_array_equal(ghost, batch)


def test_growth_without_normalization_is_that_of_gaussian_products() -> None:
    """He's weights keep the expected square through a ReLU layer; the log of a product lies a little below."""
    setup = dataclasses.replace(alternatives.QUICK, runs=8, width=64, depth=8)
    growth = alternatives.run(alternatives.Point("depth", "none", setup))["growth"].values
    assert 0.9 < growth.mean() < 1.1
