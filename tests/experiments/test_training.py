"""What is read from a network on the way."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.runs import Runs
from experiments.training import Samples, accuracy, first_crossed, start


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
