"""Measurements: the three-valued comparisons, and the coverage that the intervals promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.measures import statistics
from experiments.measures.statistics import Measurement, exact


@pytest.mark.parametrize(
    ("low", "high", "above", "below"),
    [
        (1.1, 1.3, True, False),
        (0.7, 0.9, False, True),
        (0.9, 1.1, None, None),
        (1.0, 1.2, None, False),
        (0.8, 1.0, False, None),
    ],
)
def test_above_and_below(low: float, high: float, above: bool | None, below: bool | None) -> None:
    measured = Measurement((low + high) / 2, low, high)
    assert measured.above(1.0) is above
    assert measured.below(1.0) is below


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.98, 1.02, True),
        (0.9, 1.1, True),
        (0.89, 1.02, None),
        (1.02, 1.2, None),
        (1.11, 1.2, False),
        (0.5, 0.89, False),
        (0.5, 2.0, None),
    ],
)
def test_within(low: float, high: float, expected: bool | None) -> None:
    measured = Measurement((low + high) / 2, low, high)
    assert measured.within(1.0, relative=0.1) is expected
    assert measured.within(1.0, absolute=0.1) is expected


@pytest.mark.parametrize("numbers", [(math.nan, 0, 1), (0.5, math.nan, 1), (2, 0, 1), (0, 1, 2)])
def test_an_undefined_or_disordered_measurement_is_refused(
    numbers: tuple[float, float, float],
) -> None:
    with pytest.raises(ValueError, match=r"defined|outside"):
        Measurement(*numbers)


@settings(deadline=None)  # the first call imports SciPy
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_estimates_lie_in_their_intervals(values: list[float]) -> None:
    for function in (statistics.median, statistics.spread):
        measured = function(np.array(values))
        assert measured.low <= measured.estimate <= measured.high
        assert measured.runs == len(values)


@pytest.mark.parametrize(("function", "truth"), [(statistics.mean, 0.0), (statistics.median, 0.0)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(function, truth: float) -> None:
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(150):
        measured = function(rng.normal(size=24))
        covered.append(measured.low <= truth <= measured.high)
    # 150 trials at 95 % have a standard error of 1.8 %; with 24 samples the bootstrap covers less
    assert 0.87 <= np.mean(covered) <= 1.0


def test_the_same_samples_give_the_same_interval() -> None:
    samples = np.random.default_rng(0).normal(size=16)
    assert statistics.mean(samples) == statistics.mean(samples.copy())


def test_pairs_remove_what_runs_have_in_common() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(scale=100, size=16)
    first, second = common + 1 + rng.normal(scale=0.1, size=16), common
    difference = statistics.paired_difference(first, second)
    assert difference.above(0.8) is True and difference.below(1.2) is True
    ratio = statistics.paired_ratio(np.exp(first / 100), np.exp(second / 100))
    assert ratio.within(math.exp(0.01), relative=0.01) is True


def test_constant_samples_have_an_interval_without_width() -> None:
    assert statistics.mean(np.full(16, 0.1)).low == pytest.approx(0.1, abs=1e-15)
    assert exact(2).low == exact(2).high == 2.0


def test_a_run_that_diverged_is_named_and_not_averaged() -> None:
    samples = np.array([1.0, np.inf, 2.0, np.nan])
    with pytest.raises(ValueError, match="2 of 4 runs are not finite"):
        statistics.mean(samples)
    assert statistics.median(np.array([1.0, 2.0, 3.0, np.inf, np.inf])).estimate == 3.0
    assert statistics.share(np.isfinite(samples)).estimate == 0.5


def test_shares_have_exact_intervals() -> None:
    measured = statistics.share(np.ones(16, bool))
    # Clopper and Pearson with all of n successes: the lower end is (α/2)^(1/n)
    assert measured.low == pytest.approx(0.025 ** (1 / 16)) and measured.high == 1.0


def test_a_band_has_the_interval_of_the_mean_at_every_point() -> None:
    samples = np.random.default_rng(0).gamma(2.0, size=(3, 40, 16))
    samples[1, 1] = 5.0  # nothing to resample
    found = np.array(statistics.band(samples, axis=-1))
    for point in np.ndindex(3, 40):
        alone = statistics.mean(samples[point])
        assert found[:, *point] == pytest.approx([alone.estimate, alone.low, alone.high], rel=1e-13)
    assert np.array_equal(
        np.array(statistics.band(samples.swapaxes(0, 2), axis=0)).swapaxes(1, 2), found
    )


def test_a_point_of_a_band_with_a_run_that_diverged_has_no_interval() -> None:
    centre, low, high = statistics.band(np.array([[1.0, 2.0, np.inf], [1.0, 2.0, 3.0]]), axis=-1)
    assert centre[0] == np.inf and np.isnan([low[0], high[0]]).all()
    assert low[1] < centre[1] < high[1]


def test_unpaired_conditions_are_refused() -> None:
    with pytest.raises(ValueError, match="same runs"):
        statistics.paired_difference(np.ones(3), np.ones(4))
