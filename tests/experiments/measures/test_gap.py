"""Normalizations in a row and one example, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures import gap
from experiments.runs import Runs, normal
from experiments.training import start

RUNS = Runs(seed=1, count=3)


@pytest.mark.parametrize("convention", gap.CONVENTIONS)
def test_one_batch_for_ever(convention: str) -> None:
    """With the correction every layer takes off √((m − 1)/m), without it none does."""
    found = gap.one_batch(4, layers=3, features=2, steps=100, running_rate=0.3, runs=RUNS)
    factor = 3 / 4 if convention == "unbiased" else 1
    std = found["fixed_std"].sel(convention=convention, batch=4)
    for layer in (1, 2, 3):
        assert std.sel(layer=layer).values == pytest.approx(factor ** (layer / 2), rel=1e-12)
        measured = gap.std("fixed_std", 4, layer, convention)(found)
        assert (measured == std.sel(layer=layer)).all()


def test_random_blocks_know_the_statistics_of_what_they_saw() -> None:
    """In eval mode their first normalization gives mean 0 and variance 1 on samples like those."""
    given = {"layers": 2, "width": 8, "steps": 300, "rate": 0.03, "runs": RUNS}
    model, fresh = gap.settled_blocks(True, 64, **given)
    first = gap.normalized(model, fresh(4096))[0]
    assert first.mean(axis=(1, 2)) == pytest.approx(0, abs=0.05)
    assert first.var(axis=1).mean(axis=1) == pytest.approx(1, rel=0.05)


def test_one_example_is_normalized_with_its_neighbours() -> None:
    """The middle value of an example at the mean is near 0; in a batch of 2 all values are ±1."""
    found = gap.one_example(64, examples=(0.0,), neighbours=1000, runs=RUNS)
    assert found["example_value"].sel(quantile=0.5).values == pytest.approx(0, abs=0.02)
    pair = gap.one_example(2, examples=(0.0,), neighbours=1000, runs=RUNS)
    assert gap.half_width(0.0, 2)(pair).values == pytest.approx(1, rel=1e-9)


def test_every_normalization_is_read() -> None:
    model = start(gap.stack(3, 0.1, True), RUNS, 2, dtype=float)
    outputs = gap.normalized(model, normal(RUNS.streams(), 16, 2), training=True)
    assert len(outputs) == 3
    for y in outputs:
        assert y.std(axis=1) == pytest.approx(np.ones((3, 2)), rel=1e-12)


def test_an_octave_starts_at_its_batch_and_ends_before_the_next() -> None:
    assert gap.octave(4) == pytest.approx([4, 5, 6, 7])
    assert gap.octave(64)[0] == 64 and gap.octave(64)[-1] < 128
