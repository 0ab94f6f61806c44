"""The study of convolutions says what its page says, and notices statistics over the wrong axes and edges that do not wrap around."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.engine.buffers import Buffers
from experiments.engine.patches import Patches
from experiments.engine.standardize import Standardize
from experiments.studies import conv_statistics as study
from experiments.theory import transform as theory
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("conv_statistics")


def test_channels_keep_shifts_and_pixels_break_them(results) -> None:
    error = results["shift_error"].sel(padding="circular")
    assert (error.sel(statistics=["channel", "none"]) < study.ROUND_OFF).all()
    assert (error.sel(statistics="pixel", move=["one", "evaluation"]) > 0.1).all()
    assert (error.sel(statistics="pixel", move="all") < study.ROUND_OFF).all()


def test_zero_padding_stays_at_the_edge_except_in_training(results) -> None:
    error, inside = (results[name].sel(padding="zero") for name in ("shift_error", "inside_error"))
    assert (error.sel(statistics="channel").max("run") > 0.01).all()
    assert (inside.sel(statistics="none") == 0).all()
    assert (inside.sel(statistics="channel", move="evaluation") == 0).all()
    assert inside.sel(statistics="channel", move="all").max() > 1e-6


def test_strides_keep_moves_by_their_own_length(results) -> None:
    assert (results["strided_error"].sel(step=2) < study.ROUND_OFF).all()
    assert (results["strided_error"].sel(step=1) > 0.1).all()


def test_kernels_keep_the_variance_and_are_worth_what_they_are(results) -> None:
    for name, factor in (("independent", 1), ("blurred", 1 / 9), ("sharpened", 29)):
        assert np.square(study.KERNELS[name]).sum() == pytest.approx(1)
        worth = results["worth_theory"].sel(kernel=name) / (
            results["noise_batch"] * results["noise_side"] ** 2
        )
        assert worth.values == pytest.approx(factor)
    # 192 batches in all: a standard error of 10 %.
    ratio = results["mean_square"].mean("run") * results["worth_theory"]
    assert ratio.values == pytest.approx(1, rel=0.45)


def test_digits_are_worth_their_variance_over_that_of_their_means(results) -> None:
    """By NumPy alone, of every second training digit."""
    images = study._images()[::2].reshape(-1, study.SIDE**2).astype(float)
    assert results["digit_worth"].item() == pytest.approx(
        images.var() / images.mean(axis=1).var(ddof=1)
    )
    everything = results["grid_worth"].sel(pixels=study.SIDE**2)
    assert everything.mean().item() == pytest.approx(results["digit_worth"].item(), rel=0.35)


def test_one_bright_pixel(results) -> None:
    assert results["bright"].values == pytest.approx(results["bright_theory"].values)
    assert theory.largest_normalized(32 * 28 * 28) == pytest.approx(results["bright"].max().item())


def test_parameters_belong_to_channels(results) -> None:
    assert (results["parameters"].sel(shared_by="channel") == 2).all()
    assert results["parameters"].sel(shared_by="pixel").values == pytest.approx(
        2 * results["side"].values ** 2
    )


def test_statistics_of_rows_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mean for each row of a channel does not move along when the picture moves up or down."""

    def mean(self, rows):
        return (
            rows.mean(axis=(1, 4), keepdims=True)
            if rows.ndim == 5
            else rows.mean(axis=1, keepdims=True)
        )

    def forward(self, params, state, x, training, buffers=None):
        mu = mean(self, x)
        return (x - mu) / np.sqrt(mean(self, np.square(x - mu)) + 1e-5), {"x": x}, state

    monkeypatch.setattr(Standardize, "forward", forward)
    broken = study.run(quick.points("conv_statistics")["shift"])
    assert (
        broken["shift_error"].sel(padding="circular", statistics="channel", move="one").min() > 1e-3
    )


def test_edges_that_do_not_wrap_around_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    copied = Patches.copied

    def without(self: Patches, x: np.ndarray, buffers: Buffers) -> np.ndarray:
        return copied(replace(self, padding="zero") if self.stride == 1 else self, x, buffers)

    monkeypatch.setattr(Patches, "copied", without)
    broken = study.run(quick.points("conv_statistics")["shift"])
    assert (
        broken["shift_error"].sel(padding="circular", statistics="channel", move="all").max() > 1e-3
    )
