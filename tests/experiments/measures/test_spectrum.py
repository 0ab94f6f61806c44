"""Eigenvalues and effective rank of activations."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures.spectrum import effective_rank, eigenvalue_shares


@pytest.mark.parametrize("shape", [(7, 4), (4, 7)])
def test_shares_are_those_of_the_singular_values(shape) -> None:
    h = np.random.default_rng(0).standard_normal((3, *shape))
    for r in range(3):
        squares = np.linalg.svd(h[r], compute_uv=False) ** 2
        assert eigenvalue_shares(h)[r] == pytest.approx(squares / squares.sum(), rel=1e-10)
        assert effective_rank(h)[r] == pytest.approx(
            squares.sum() ** 2 / np.sum(squares**2), rel=1e-12
        )


def test_equal_directions_count_one_each() -> None:
    h = np.zeros((6, 5))
    h[[0, 1, 2], [0, 2, 4]] = 3.0
    assert effective_rank(h) == pytest.approx(3)
    assert effective_rank(h.T) == pytest.approx(3)
    assert eigenvalue_shares(h) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0, 0], abs=1e-12)


def test_a_line_has_rank_one_wherever_it_points() -> None:
    rng = np.random.default_rng(1)
    h = rng.standard_normal((2, 9, 1)) * rng.standard_normal((2, 1, 4))
    assert effective_rank(h) == pytest.approx([1, 1])
    assert effective_rank(1e10 * h.astype(np.float32)) == pytest.approx([1, 1], rel=1e-6)
    assert (eigenvalue_shares(h) >= 0).all()


def test_nothing_is_centred() -> None:
    h = np.ones((5, 3)) + 1e-9 * np.eye(5, 3)
    assert effective_rank(h) == pytest.approx(1)
