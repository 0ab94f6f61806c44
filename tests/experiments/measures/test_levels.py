"""Where a quantity that falls passes a level."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures.levels import first_passed

FALLING, OTHER = np.array([1.2, 0.6, 0.15, 0.4, 0.1]), np.array([1.3, 0.8, 0.7, 2.0, 3.0])


@pytest.mark.parametrize(
    ("level", "expected"),
    [(0.3, (0.75, 0.3)), (0.6, (0.8, 0.6)), (2.0, (1.3, 1.2)), (0.01, (3.0, 0.1))],
)
def test_it_is_read_between_two_readings_or_at_an_end(level: float, expected: tuple) -> None:
    """0.3 is half-way between 0.6 and 0.15 on a logarithmic scale."""
    assert first_passed(FALLING, OTHER, level) == pytest.approx(expected)
