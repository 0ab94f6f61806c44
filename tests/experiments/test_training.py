"""What is read from a network on the way."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.standardize import Standardize
from experiments.runs import Runs
from experiments.training import (
    Samples,
    accuracy,
    backpropagate,
    batch_norm,
    enlarged,
    first_crossed,
    gamma_and_beta,
    gradient_lengths,
    hidden_weights,
    mlp,
    residual_block,
    seen,
    set_affine,
    square_steps,
    start,
)


def test_a_run_whose_answers_are_not_finite_counts_as_lost() -> None:
    model = start(Network((Dense(2),)), Runs(0, 3), features=2)
    model.params[0]["weight"][:] = np.eye(2)  # answers with its input
    model.params[0]["weight"][1] = np.nan
    samples = Samples(np.eye(2, dtype=np.float32)[[0, 1, 1]], np.array([0, 1, 0]))
    assert accuracy(model, samples, lost=0.5) == pytest.approx([2 / 3, 0.5, 2 / 3])
    assert accuracy(model, samples)[[0, 2]] == pytest.approx([2 / 3, 2 / 3])


def test_the_time_to_a_target_is_read_between_readings() -> None:
    read = np.array([[0.1, 0.1, 0.9], [0.5, 0.2, 0.9], [0.9, 0.3, 0.9]])  # (step, run)
    assert first_crossed(read, [0, 10, 30], 0.8) == pytest.approx([25.0, np.inf, 0.0])


def test_gamma_and_beta_are_set_and_nothing_else_is() -> None:
    network = mlp((3, 3), "batch norm", ReLU())
    plain, changed = (start(network, Runs(0, 2), features=2) for _ in range(2))
    set_affine(changed, gamma=3.0, beta=np.array([-1.0, 2.0]))
    for before, after in zip(plain.params, changed.params, strict=True):
        for name, p in after.items():
            wanted = {"gamma": [[3.0]], "beta": [[-1.0], [2.0]]}.get(name, before[name])
            assert (p == wanted).all()
    read = gamma_and_beta(changed)
    assert read.shape == (2, 2, 2, 3)  # parameter, layer, run, unit
    assert (read[0] == 3).all() and (read[1, :, 0] == -1).all() and (read[1, :, 1] == 2).all()
    read[:] = 0
    assert (gamma_and_beta(changed) != 0).all()


def test_a_batch_that_is_seen_moves_the_running_statistics_alone() -> None:
    model = start(Network((Standardize(),)), Runs(0, 1), features=1, dtype=float)
    after = seen(model, np.array([[[1.0], [3.0]]]))
    assert after.state[0]["running_mean"].item() == pytest.approx(0.1 * 2)
    assert after.state[0]["running_var"].item() == pytest.approx(0.9 + 0.1 * 2)
    assert model.state[0]["running_mean"].item() == 0 and after.params is model.params


def test_batch_norm_by_itself_is_a_straight_line_in_both_modes() -> None:
    x = np.array([1.0, 3.0])[None, :, None]
    model = batch_norm((1, 1), gamma=2.0, beta=5.0, mean=3.0, std=0.5, eps=0.0)
    assert model.outputs(x, training=True).ravel().tolist() == [3, 7]
    assert model.outputs(x).ravel().tolist() == [-3, 5]
    slower = batch_norm((2, 1), gamma=np.array([[1.0], [2.0]]), eps=3.0)
    assert slower.outputs(x, training=True)[:, 1, 0].tolist() == [0.5, 1]


def test_enlarged_weights_are_those_of_the_hidden_layers_of_each_run() -> None:
    model = start(mlp((3, 4), "batch norm", ReLU()), Runs(0, 2), features=5)
    changed = enlarged(model, np.array([1.0, 3.0]))
    assert hidden_weights(model) == ((0, "weight"), (4, "weight"))
    for (path, before), (_, after) in zip(
        leaves(model.params), leaves(changed.params), strict=True
    ):
        factors = [1, 3] if path in hidden_weights(model) else [1, 1]
        for run, factor in enumerate(factors):
            assert np.array_equal(after[run], before[run] * np.float32(factor))


def test_square_steps_are_closer_at_the_start_and_end_at_the_last() -> None:
    steps = square_steps(400, 36)
    assert steps[0] == 0 and steps[-1] == 400 and len(steps) <= 36
    assert np.all(np.diff(np.diff(steps)) >= -1)


def test_gradient_lengths_are_those_of_each_run() -> None:
    model = start(mlp((3,), "none", ReLU()), Runs(0, 2), features=5)
    x = np.random.default_rng(0).standard_normal((2, 4, 5)).astype(np.float32)
    moment = backpropagate(model, x, np.zeros((2, 4), dtype=int))
    ((first, second),) = gradient_lengths(moment, [(2, "weight")])
    grads = moment.grads[2]["weight"]
    assert first == pytest.approx(np.linalg.norm(grads[0]), rel=1e-6)
    assert second == pytest.approx(np.linalg.norm(grads[1]), rel=1e-6)


@pytest.mark.parametrize("norm_last", [False, True])
def test_a_residual_block_adds_its_branch(norm_last: bool) -> None:
    model = start(Network((residual_block(3, "batch norm", ReLU(), norm_last),)), Runs(0, 1), 3)
    set_affine(model, gamma=2.0, beta=0.5)
    x = np.random.default_rng(1).standard_normal((1, 5, 3), np.float32)
    (weight,) = (p for path, p in leaves(model.params) if path[-1] == "weight")

    def normed(z: np.ndarray) -> np.ndarray:
        return 2 * (z - z.mean(axis=1)) / np.sqrt(z.var(axis=1) + 1e-5) + 0.5

    branch = normed(np.maximum(x, 0) @ weight) if norm_last else np.maximum(normed(x), 0) @ weight
    assert model.outputs(x, training=True) == pytest.approx(x + branch, abs=1e-5)
