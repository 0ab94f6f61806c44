"""What depends on what is known for every normalization."""

from __future__ import annotations

import pytest

from experiments.normalizations import NORMALIZATIONS
from tests import quick

# Values of 4 samples, 6 channels, 4 pixels that the first depends on: training, evaluation,
# gradient.
EXPECTED = {
    "none": (1, 1, 1),
    "weight normalization": (1, 1, 1),
    "batch norm": (16, 1, 16),
    "ghost batches": (8, 1, 8),
    "batch renormalization": (1, 1, 16),
    "layer norm": (24, 24, 24),
    "RMSNorm": (24, 24, 24),
    "group norm": (12, 12, 12),
    "instance norm": (4, 4, 4),
}


@pytest.mark.parametrize("norm", NORMALIZATIONS)
def test_the_axes(norm: str) -> None:
    modes = ["training", "evaluation", "gradient"]
    depends = quick.results("alternatives_axes")["depends"].sel(norm=norm, mode=modes)
    assert tuple(depends.sum(["sample", "channel", "pixel"]).values.astype(int)) == EXPECTED[norm]
    own = depends.isel(sample=0, channel=0, pixel=0)
    assert (own == 1).all()
