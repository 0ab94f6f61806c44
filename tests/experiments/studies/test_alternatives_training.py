"""Ghosts that are the whole batch are batch norm, and the gradients' reach is that of the array."""

from __future__ import annotations

import numpy as np

from tests import quick


def test_ghosts_of_two_in_batches_of_two_are_batch_norm() -> None:
    results = quick.results("alternatives_training").sel(task="batches of two")
    for quantity in ("accuracy", "gap"):
        ghost, batch = (
            results[quantity].sel(norm=norm).values for norm in ("ghost batches", "batch norm")
        )
        np.testing.assert_array_equal(ghost, batch)


def test_what_gradients_depend_on_is_what_the_array_shows() -> None:
    depends = quick.results("alternatives_axes")["depends"]
    gradient = depends.sel(mode="gradient", norm="batch renormalization")
    samples = quick.results("alternatives_training")["samples"]
    assert samples == gradient.any(["channel", "pixel"]).sum() == 4
