"""Distances between the parameters of networks."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.parameters import relative_distance


def test_a_relative_distance_is_that_of_all_arrays_as_one_vector() -> None:
    first = [{"weight": np.array([[3.0, 0.0], [1.0, 1.0]])}, [{"bias": np.array([[4.0], [1.0]])}]]
    second = [{"weight": np.array([[0.0, 0.0], [1.0, 1.0]])}, [{"bias": np.array([[2.0], [1.0]])}]]
    assert relative_distance(first, second) == pytest.approx([np.sqrt(13) / 2, 0.0])
