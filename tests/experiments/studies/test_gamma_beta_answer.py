"""The gradient below the upper batch norm answers to γ and β as the engine says."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies import gamma_beta_answer
from experiments.studies.loss_surface import UPPER, learn
from experiments.training import backpropagate
from tests import quick


def test_the_gradient_is_that_of_training() -> None:
    """Put together from parts of the network, it is what a whole backward pass gives."""
    point = quick.points("gamma_beta_answer")["tanh"]
    settings = dict(point.keywords)
    _, path, probe = learn(**settings)
    weights, above = gamma_beta_answer.gradient(path[-1], probe)
    whole = backpropagate(path[-1], probe.x[None], probe.labels[None]).grads
    expected = whole[UPPER - 2]["weight"]
    assert weights == pytest.approx(expected.reshape(len(expected), -1), rel=1e-12)
    assert above.sum(axis=1) == pytest.approx(whole[UPPER]["beta"], rel=1e-9, abs=1e-15)


def test_a_doubled_gamma_doubles_the_gradient_and_turns_nothing_if_what_arrives_is_held() -> None:
    answer = quick.results("gamma_beta_answer")["answer"].sel(change="gamma, fixed")
    assert answer.sel(quantity="length").values == pytest.approx(2, rel=1e-12)
    assert answer.sel(quantity="angle").values == pytest.approx(0, abs=1e-6)


def test_length_and_angle_by_hand() -> None:
    before, after = np.array([[1.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [6.0, 8.0]])
    length, angle = gamma_beta_answer.compared(before, after)
    assert length == pytest.approx([2, 2])
    assert angle == pytest.approx([90, 0], abs=1e-6)
