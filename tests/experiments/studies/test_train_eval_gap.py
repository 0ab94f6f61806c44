"""One batch for ever: a published disagreement, and the closed form."""

from __future__ import annotations

import pytest

from tests import quick


def test_the_numbers_of_a_public_issue() -> None:
    """pytorch/pytorch#100048, 20 layers, batch of 64: 0.3988 in training mode, then 0.3407."""
    std = quick.results("train_eval_gap")["fixed_std"]
    std = std.sel(convention="unbiased", batch=64, layer=20)
    assert std.values == pytest.approx(0.3407 / 0.3988, abs=3e-4)


def test_a_fixed_batch_follows_its_closed_form() -> None:
    results = quick.results("train_eval_gap")
    ratio = results["fixed_std"] / results["fixed_std_theory"]
    assert ratio.values == pytest.approx(1, rel=1e-12)
