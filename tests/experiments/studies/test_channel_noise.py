"""Kernels are worth what they are meant to be, and one bright pixel is as large as it can be."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies.channel_noise import KERNELS
from experiments.theory.transform import largest_normalized
from tests import quick


@pytest.mark.parametrize(
    ("kernel", "factor"), [("independent", 1), ("blurred", 1 / 9), ("sharpened", 29)]
)
def test_kernels_keep_the_variance_and_are_worth_what_they_are(kernel: str, factor: float) -> None:
    assert np.square(KERNELS[kernel]).sum() == pytest.approx(1)
    results = quick.results("channel_noise").sel(kernel=kernel)
    values = results["noise_batch"] * results["noise_side"] ** 2
    assert (results["worth_theory"] / values).values == pytest.approx(factor)


def test_the_noise_of_the_mean_follows_its_closed_form() -> None:
    results = quick.results("channel_noise")
    ratio = results["mean_square"].mean("run") * results["worth_theory"]
    assert ratio.values == pytest.approx(1, rel=0.45)  # 192 batches: a standard error of 10 %


def test_one_bright_pixel() -> None:
    results = quick.results("channel_noise")
    assert results["bright"].values == pytest.approx(results["bright_theory"].values)
    assert results["bright"].max() == pytest.approx(largest_normalized(32 * 28 * 28))
