"""Only what is chosen is trained."""

from __future__ import annotations

import pytest

from experiments.studies import affine_only
from tests import quick

WIDTH = 8
SIZES = {
    "affine": 4 * WIDTH,
    "last": 10 * WIDTH + 10,
    "everything": 49 * WIDTH + WIDTH**2 + 14 * WIDTH + 10,
}


@pytest.mark.parametrize("choice", affine_only.CHOICES)
def test_what_moves(choice: str) -> None:
    """Their number is that of a network of this width, and their paths are those of the choice."""
    name, moves = affine_only.CHOICES[choice]
    trained = quick.results("affine_only")["trained"].sel(choice=name, width=WIDTH)
    assert int(trained) == SIZES[choice]
    assert moves((2, "gamma")) == (choice != "last")
    assert moves((8, "weight")) == (choice != "affine")
    assert moves((4, "weight")) == (choice == "everything")
