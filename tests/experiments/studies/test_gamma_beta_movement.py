"""What moves behind batch norm is read where it moves, and it is what theory says."""

from __future__ import annotations

import numpy as np

from experiments.engine.activations import Sigmoid
from experiments.runs import Runs
from experiments.studies import gamma_beta_movement as study
from experiments.training import mlp, set_affine, start
from tests import quick

NAMES = list(study.READ)


def test_movement_behind_batch_norm_is_that_of_gamma_and_beta() -> None:
    results = quick.results("gamma_beta_movement")
    assert float(results["error"].max()) < 1e-13
    # the smallest movement is far above round-off
    assert float(results["after_mean"].min()) > 1e-8
    np.testing.assert_allclose(results["after_mean"], results["after_mean_theory"], atol=1e-13)


def test_the_first_steps_of_a_larger_rate_move_more_and_in_proportion() -> None:
    """Δβ = −η ∂L/∂β, and the first gradient is the same at every rate."""
    results = quick.results("gamma_beta_movement").sel(probe_step=0)
    a_rate = results["after_mean"] / results["rate"]
    np.testing.assert_allclose(a_rate, a_rate.isel(rate=[0] * a_rate.sizes["rate"]), rtol=1e-3)


def test_each_quantity_stands_under_its_name() -> None:
    """If nothing but γ and β changes, nothing moves in front, and γ and β alone move all of it."""
    model, other = (
        start(mlp((5, 5), "batch norm", Sigmoid()), Runs(0, 2), features=4) for _ in range(2)
    )
    other.params[-3]["beta"] += 0.5  # of the last hidden layer, of which γ stays
    x = np.random.default_rng(1).standard_normal((1, 30, 4))
    read = study.moved(*study.passed(model, x), *study.passed(other, x))
    found = dict(zip(NAMES, read[:, -1], strict=True))  # the last hidden layer, (run,)
    for name in ("before_mean", "before_std", "before_distance"):
        np.testing.assert_allclose(found[name], 0, atol=1e-14)
    for name in ("after_mean", "after_mean_theory"):
        np.testing.assert_allclose(found[name], 0.5)
    for name in ("after_std", "after_std_theory", "error"):
        np.testing.assert_allclose(found[name], 0, atol=1e-14)
    np.testing.assert_allclose(found["after_distance"], found["affine_distance"])
    np.testing.assert_allclose(found["after_distance"], found["image_distance"])
    set_affine(other, gamma=2.0, beta=0.0)
    read = study.moved(*study.passed(model, x), *study.passed(other, x))
    std = read[NAMES.index("after_std"), 0]
    np.testing.assert_allclose(std, 1, rtol=1e-3)  # up to ε, γ x̂ is twice as wide
