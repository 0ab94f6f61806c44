"""The study reads what it says it reads, and its conditions are paired."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from experiments.studies import gamma_beta_drift as study
from tests import quick

SETUP = replace(
    study.QUICK,
    hidden=(6, 6),
    steps=20,
    early=4,
    late=5,
    readings=6,
    probes=3,
    probe=30,
    frames=5,
    runs=3,
)


def _run(condition: str = "rate 0.5", first: int = 0, last: int = 3, **changes) -> xr.Dataset:
    point = next(p for p in study.points(SETUP).values() if p.condition == condition)
    return study.run(replace(point, first=first, last=last, **changes))


def test_a_run_does_not_depend_on_its_group() -> None:
    together, alone = _run(), _run(first=1, last=2)
    for name in alone.data_vars:
        assert np.array_equal(together[name].sel(run=[1]), alone[name]), name


def test_rates_share_weights_and_batches_and_the_others_share_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = {}
    real = study.train

    def spy(network, params, state, batches, *rest):
        batches = iter(batches)
        first, second = (tuple(a.copy() for a in next(batches)) for _ in range(2))
        seen[len(seen)] = (
            [layer["weight"].copy() for layer in params if "weight" in layer],
            first,
            second,
        )
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    for condition in ("rate 0.1", "rate 0.5", "rate 2.5", "small batches", "not shuffled"):
        _run(condition)
    for k in range(1, 5):
        assert all(np.array_equal(a, b) for a, b in zip(seen[0][0], seen[k][0], strict=True))
    for k in (1, 2):
        for one, other in zip(seen[0][1:], seen[k][1:], strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    small = SETUP.small_batch
    assert np.array_equal(
        seen[3][1][0], seen[0][1][0][:, :small]
    )  # the same order of images, cut into smaller batches
    assert (seen[4][1][1] == 0).all()


def test_unshuffled_data_come_class_by_class_and_alike_in_every_epoch() -> None:
    labels = np.repeat([1, 0, 2], 6)
    x = np.arange(18.0)[:, None]
    stream = study.in_order_of_classes(x, labels, 3, [np.random.default_rng(k) for k in range(2)])
    drawn = [next(stream) for _ in range(12)]
    for k, (images, found) in enumerate(drawn):
        assert (found == (k % 6) // 2).all()
        assert np.array_equal(labels[images[..., 0].astype(int)], found)
        assert np.array_equal(images, drawn[k % 6][0])
    assert sorted(np.concatenate([images[0, :, 0] for images, _ in drawn[:6]])) == list(range(18))
    assert not np.array_equal(drawn[0][0][0], drawn[0][0][1])


def test_movement_behind_batch_norm_is_that_of_gamma_and_beta() -> None:
    for condition in ("rate 0.1", "rate 2.5", "not shuffled"):
        result = _run(condition)
        assert float(result["error"].max()) < 1e-13
        assert (
            float(result["after_mean"].min()) > 1e-8
        )  # the smallest movement is far above round-off
        np.testing.assert_allclose(result["after_mean"], result["after_mean_theory"], atol=1e-13)


def test_the_movement_in_a_step_is_that_of_the_film() -> None:
    """|Δβ| of the first step, read on the probe, against β itself one step later."""
    setup = replace(SETUP, steps=4, frames=3, early=1, late=1)  # quadratic spacing: steps 0, 1, 4
    assert study.frame_steps(setup) == [0, 1, 4]
    result = _run(setup=setup, last=1)
    film = result["film"].isel(condition=0).sel(parameter="beta").values.reshape(3, 2, 6)
    after = result["after_mean"].isel(condition=0, run=0).sel(probe_step=0).values
    np.testing.assert_allclose(np.abs(film[1] - film[0]).mean(axis=1), after, rtol=1e-5)


def test_early_late_and_settled_are_parts_of_the_way() -> None:
    result = _run().isel(condition=0)
    assert (result["way"].diff("step") > 0).all() and not result["way"].sel(step=0).any()
    assert (result["distance"] <= np.sqrt(6) * result["way"] + 1e-9).all()
    # way(20) is at least early and late together
    parts = (
        result["step_length"].sel(window="early") * SETUP.early
        + result["step_length"].sel(window="late") * SETUP.late
    )
    assert (parts <= result["way"].sel(step=SETUP.steps) + 1e-9).all()
    step = round(SETUP.settled * SETUP.steps)
    np.testing.assert_allclose(
        result["settled"],
        result["distance"].sel(step=step) / result["distance"].sel(step=SETUP.steps),
    )


def test_equal_times_are_read() -> None:
    for setup in (study.QUICK, study.FULL, study.PAPER):
        for rate, step in study.equal_steps(setup).items():
            assert step in study.reading_steps(setup)
            assert rate * step == pytest.approx(setup.rates[0] * setup.steps)
        assert {setup.rates[0], setup.middle} <= set(study.equal_steps(setup))
        assert setup.middle == sorted(setup.rates)[len(setup.rates) // 2]


def test_claims_find_the_same_equal_times_in_results() -> None:
    assert study.same_time(quick.results("gamma_beta_drift")) == study.equal_steps(study.QUICK)


def test_a_larger_rate_makes_longer_steps() -> None:
    shift = quick.results("gamma_beta_drift")["step_length"].sel(window="early").mean("run")
    ordered = [shift.sel(condition=study.rate_name(rate)) for rate in study.QUICK.rates]
    assert all((b > 1.5 * a).all() for a, b in pairwise(ordered))
