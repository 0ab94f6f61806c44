"""The residual study says what its page says, at any depth and batch size."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments import study
from experiments.studies import residual_variance
from experiments.theory import depth as theory
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("residual_variance")


def test_blocks_are_what_they_are_said_to_be(results) -> None:
    """The same network in plain NumPy from the study's own streams: sizes forwards, and the gradient by differences."""
    setup = residual_variance.QUICK
    seeds = np.random.SeedSequence((setup.seed, 0)).spawn(2 + len(setup.batches))
    rng, batch = np.random.default_rng(seeds[0]), setup.batches[0]
    weights = [
        (rng.standard_normal((setup.width, setup.width)) * np.sqrt(2 / setup.width)).astype(
            np.float32
        )
        for _ in range(setup.blocks)
    ]
    x, top = np.random.default_rng(seeds[2]).standard_normal(
        (2, 1, batch, setup.width), dtype=np.float32
    )[:, 0]

    for norm in ("batch norm", "none"):

        def after(block: int, x: np.ndarray, first: int = 0, norm: str = norm) -> np.ndarray:
            for w in weights[first:block]:
                hat = (x - x.mean(axis=0)) / x.std(axis=0) if norm == "batch norm" else x
                x = x + np.maximum(hat, 0) @ w.astype(float)
            return x

        at = results.sel(run=0, norm=norm, batch=batch)
        for block in (0, 1, setup.blocks):
            y = after(block, x.astype(float))
            assert float(at["mean_square"].sel(block=block)) == pytest.approx(
                np.mean(y**2), rel=1e-4
            )
            assert float(at["variance"].sel(block=block)) == pytest.approx(
                y.var(axis=0, ddof=1).mean(), rel=1e-4
            )
            moved = (y - x).var(axis=0, ddof=1).mean()
            assert float(at["moved"].sel(block=block)) == pytest.approx(moved, rel=1e-4, abs=1e-12)
        # ‖∂L/∂x‖² of the last two blocks: each number moved by itself
        start, step = after(setup.blocks - 2, x.astype(float)), 1e-6
        square = 0.0
        for place in np.ndindex(batch, setup.width):
            move = np.zeros_like(start)
            move[place] = step
            ends = [
                np.sum(after(setup.blocks, start + s * move, setup.blocks - 2) * top)
                for s in (1, -1)
            ]
            square += ((ends[0] - ends[1]) / (2 * step)) ** 2
        found = float(at["gradient"].sel(block=setup.blocks - 2))
        assert found == pytest.approx(square / np.sum(top.astype(float) ** 2), rel=1e-3)


def test_the_top_is_the_unit(results) -> None:
    assert (results["gradient"].isel(block=-1) == 1).all()
    assert (results["moved"].isel(block=0) == 0).all()


def test_without_and_with_batch_norm_share_input(results) -> None:
    at = results["variance"].sel(block=0)
    assert np.array_equal(at.sel(norm="none"), at.sel(norm="batch norm"))


def test_zero_gamma(results) -> None:
    assert (results["zero_distance"] == 0).all()
    assert (results["zero_gradient"].sel(place="last") > 0).all()
    assert (results["zero_gradient"].sel(place="first") == 0).all()
    moved = results["zero_moved"]
    assert (moved.sel(place="first") == 0).all() and (moved.sel(step=0) == 0).all()
    assert (moved.sel(place="last", step=slice(1, None)) > 1e-3).all()


def test_the_laws_hold_at_other_settings() -> None:
    """Narrower, shallower, and other batch sizes than in the full profile."""
    setup = dataclasses.replace(
        residual_variance.FULL, batches=(12, 24), width=250, blocks=20, zero_blocks=2, runs=8
    )
    results = study.combine(
        {k: residual_variance.run(p) for k, p in residual_variance.points(setup).items()}
    )
    for name in ("variance", "gradient"):
        for batch in setup.batches:
            at = results.sel(norm="batch norm", batch=batch)
            ratio = at[name].mean("run") / at[f"predicted_{name}"]
            assert float(abs(ratio - 1).max()) < 0.08, (name, batch)


def test_a_wrong_law_is_noticed(monkeypatch) -> None:
    """Of one constant in the variance, and of batch norm's part in the gradient."""
    setup = dataclasses.replace(
        residual_variance.FULL, batches=(24,), width=250, blocks=20, zero_blocks=2, runs=8
    )
    monkeypatch.setattr(
        theory, "residual_variance", lambda blocks, m: 1 + np.asarray(blocks) * 0.75
    )
    results = study.combine(
        {k: residual_variance.run(p) for k, p in residual_variance.points(setup).items()}
    )
    held = [case.holds(case.measure(results)) for case in residual_variance.CLAIMS[0].cases]
    assert held[0] is False


def test_depths_are_powers_of_two_and_the_last(results) -> None:
    assert residual_variance.depths(results) == [1, 2, 4, 8]
    assert residual_variance.depths(results.sel(block=slice(0, 6))) == [1, 2, 4, 6]
