"""The residual study says what its page says, at any depth and batch size."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.runs import Runs
from experiments.studies import residual_variance as study
from experiments.theory import depth as theory
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("residual_variance")


@pytest.mark.parametrize("norm", study.NORMS)
def test_blocks_are_what_they_are_said_to_be(results, norm: str) -> None:
    """The same network in plain NumPy: sizes forwards, the gradient by differences."""
    setup = study.QUICK
    width, blocks, batch = setup.width, setup.blocks, setup.batches[0]
    rng, _, ends = Runs((setup.seed, 0), 3).streams()
    drawn = [rng.standard_normal((width, width)) * np.sqrt(2 / width) for _ in range(blocks)]
    weights = [np.float32(w).astype(float) for w in drawn]
    x, top = ends.standard_normal((2, batch, width), np.float32).astype(float)

    def after(block: int, x: np.ndarray, first: int = 0) -> np.ndarray:
        for w in weights[first:block]:
            hat = (x - x.mean(axis=-2, keepdims=True)) / x.std(axis=-2, keepdims=True)
            x = x + np.maximum(hat if norm == "batch norm" else x, 0) @ w
        return x

    found = results.sel(run=0, norm=norm, batch=batch)
    for block in (0, 1, blocks):
        y, at = after(block, x), found.sel(block=block)
        assert at["mean_square"].item() == pytest.approx(np.mean(y**2), rel=1e-4)
        assert at["variance"].item() == pytest.approx(y.var(axis=0, ddof=1).mean(), rel=1e-4)
        moved = (y - x).var(axis=0, ddof=1).mean()
        assert at["moved"].item() == pytest.approx(moved, rel=1e-4, abs=1e-12)
    # ‖∂L/∂x‖² of the last two blocks: each number moved by itself
    start, step = after(blocks - 2, x), 1e-6
    moves = step * np.eye(batch * width).reshape(-1, batch, width)
    up, down = (after(blocks, start + way * moves, blocks - 2) for way in (1, -1))
    square = np.sum((((up - down) * top).sum(axis=(1, 2)) / (2 * step)) ** 2)
    gradient = found["gradient"].sel(block=blocks - 2).item()
    assert gradient == pytest.approx(square / np.sum(top**2), rel=1e-3)


def test_the_top_is_the_unit(results) -> None:
    assert (results["gradient"].isel(block=-1) == 1).all()
    assert (results["moved"].isel(block=0) == 0).all()


def test_without_and_with_batch_norm_share_input(results) -> None:
    at = results["variance"].sel(block=0)
    assert np.array_equal(at.sel(norm="none"), at.sel(norm="batch norm"))


OTHER = dataclasses.replace(study.FULL, batches=(12, 24), width=250, blocks=20, runs=8)


def test_the_laws_hold_at_other_settings() -> None:
    """Narrower, shallower, and other batch sizes than in the full profile."""
    results = study.points(OTHER)["networks"]().sel(norm="batch norm")
    for name in ("variance", "gradient"):
        ratio = results[name].mean("run") / results[f"predicted_{name}"]
        assert float(abs(ratio - 1).max()) < 0.08, name


def test_a_wrong_law_is_noticed(monkeypatch) -> None:
    monkeypatch.setattr(theory, "residual_variance", lambda blocks, m: 1 + 0.75 * blocks)
    results = study.points(dataclasses.replace(OTHER, batches=(24,)))["networks"]()
    assert next(iter(study.CLAIMS.values())).outcomes(results)[0] is False


def test_depths_are_powers_of_two_and_the_last(results) -> None:
    assert study.depths(results) == [1, 2, 4, 8]
    assert study.depths(results.sel(block=slice(0, 6))) == [1, 2, 4, 6]
