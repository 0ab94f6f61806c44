"""The gradient below the upper batch norm answers to γ and β as the engine says."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data.samples import Samples
from experiments.engine.activations import Tanh
from experiments.runs import Runs
from experiments.studies import gamma_beta_answer
from experiments.training import backpropagate, mlp, start
from tests import quick


def test_the_gradient_is_that_of_training() -> None:
    """Put together from parts of the network, it is what a whole backward pass gives."""
    rng = np.random.default_rng(0)
    model = start(mlp((6, 5), "batch norm", Tanh(), classes=3), Runs(1, 2), 4, dtype=float)
    probe = Samples(rng.standard_normal((20, 4)), rng.integers(0, 3, 20))
    weights, above = gamma_beta_answer.gradient(model, probe)
    whole = backpropagate(model, probe.x[None], probe.labels[None]).grads
    expected = whole[gamma_beta_answer.UPPER - 2]["weight"]
    assert weights == pytest.approx(expected.reshape(len(expected), -1), rel=1e-12)
    beta = whole[gamma_beta_answer.UPPER]["beta"]
    assert above.sum(axis=1) == pytest.approx(beta, rel=1e-9, abs=1e-15)


def test_a_doubled_gamma_doubles_the_gradient_and_turns_nothing_if_what_arrives_is_held() -> None:
    answer = quick.results("gamma_beta_answer")["answer"].sel(change="gamma, fixed")
    assert answer.sel(quantity="length").values == pytest.approx(2, rel=1e-12)
    assert answer.sel(quantity="angle").values == pytest.approx(0, abs=1e-6)


def test_length_and_angle_by_hand() -> None:
    before, after = np.array([[1.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [6.0, 8.0]])
    length, angle = gamma_beta_answer.compared(before, after)
    assert length == pytest.approx([2, 2])
    assert angle == pytest.approx([90, 0], abs=1e-6)
