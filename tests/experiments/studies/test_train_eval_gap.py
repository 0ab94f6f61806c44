"""The study of the two modes reproduces a published disagreement, and its settings differ only where they should."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies import train_eval_gap as study
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("train_eval_gap")


def test_the_numbers_of_a_public_issue(results) -> None:
    """pytorch/pytorch#100048: 20 layers, batch of 64; the first outputs printed are 0.3988 (train) and 0.3407 (eval)."""
    std = results["fixed_std"].sel(convention="unbiased", batch=64, layer=20)
    assert std.values == pytest.approx(0.3407 / 0.3988, abs=3e-4)


def test_a_fixed_batch_follows_its_closed_form(results) -> None:
    expected = np.broadcast_to(
        results["fixed_std_theory"].values[..., None], results["fixed_std"].shape
    )
    assert results["fixed_std"].transpose(
        "convention", "batch", "layer", "run"
    ).values == pytest.approx(expected, rel=1e-12)


def test_fresh_batches_follow_theirs(results) -> None:
    measured = results["fresh_std"].sel(batch=64).mean("run")
    assert measured.values == pytest.approx(
        results["fresh_std_theory"].sel(batch=64).values, rel=0.03
    )


def test_conventions_share_weights_and_batches(results) -> None:
    """Before the first correction can act they are alike: the same standard deviation but for the correction itself."""
    for name in ("fresh_std", "network_std"):
        first = results[name].sel(batch=64, layer=1)
        ratio = first.sel(convention="unbiased") / first.sel(convention="biased")
        assert ratio.values == pytest.approx(np.sqrt(63 / 64), rel=1e-3), name


def test_neighbours_matter_in_training_mode_only(results) -> None:
    assert (results["network_eval_change"].dropna("batch") == 0).all()
    assert (results["network_train_change"].dropna("batch") > 0.05).all()


def test_an_example_follows_its_distribution(results) -> None:
    measured = results["example_value"].mean("run").rename(example_batch="curve_batch")
    off = measured - results["example_value_theory"]
    assert off.notnull().sum() == measured.size
    error = results["example_value"].std("run", ddof=1) / np.sqrt(results.sizes["run"])
    assert (np.abs(off) < 5 * error.rename(example_batch="curve_batch") + 0.01).all()


def test_an_octave_starts_at_its_batch_and_ends_before_the_next() -> None:
    assert study._octave(4).tolist() == [4, 5, 6, 7]
    assert study._octave(64)[0] == 64 and study._octave(64)[-1] < 128
