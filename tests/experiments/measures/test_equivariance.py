"""A network of pixels by themselves is equivariant to shifts; one that knows places is not."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.convolution import Convolution
from experiments.engine.network import Network
from experiments.measures.equivariance import (
    MOVES,
    move,
    moved_before_and_after,
    relative_square,
)
from experiments.runs import Runs, normal
from experiments.training import start


def test_what_leaves_at_one_edge_comes_in_at_the_other() -> None:
    image = np.array([[1, 2], [3, 4], [5, 6]])
    assert move(image, (1, 0)).tolist() == [[5, 6], [1, 2], [3, 4]]
    assert move(image, (0, 1)).tolist() == [[2, 1], [4, 3], [6, 5]]


@pytest.mark.parametrize("which", MOVES)
@pytest.mark.parametrize(("padding", "moves_along"), [("circular", True), ("zero", False)])
def test_a_convolution_moves_along_but_for_its_edges(which, padding, moves_along) -> None:
    runs = Runs(0, 1)
    model = start(Network((Convolution(2, padding=padding),)), runs, features=1, dtype=float)
    x = normal(runs.noise(), 3, 1, 6, 6)
    found, expected = moved_before_and_after(model, x, (1, -2), which)
    assert found.shape[1] == (1 if which == "one" else 3)
    assert (relative_square(found, expected) < 1e-24) == moves_along


def test_a_difference_is_relative_to_what_was_expected() -> None:
    expected = np.full((2, 3), 2.0)
    found = expected + np.array([[1.0], [0.0]])
    assert relative_square(found, expected) == pytest.approx(1 / 8)
    assert relative_square(found, expected, axis=(1,)) == pytest.approx([1 / 4, 0])
