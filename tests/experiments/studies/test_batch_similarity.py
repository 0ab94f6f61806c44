"""Batches are what they are called, conditions are paired, and the two spreads are those of the docstring."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
import xarray as xr

from experiments.studies import batch_similarity as study
from tests import quick

SETUP = replace(study.QUICK, hidden=(6, 6), steps=12, readings=5, compared=3, probe=20, runs=3)
LABELS = np.random.default_rng(1).permutation(np.repeat(np.arange(10), 40))


def _batches(kind: str, count: int, batch: int = 20, seed: int = 0) -> list[np.ndarray]:
    return [
        chosen.copy()
        for chosen in islice(study.indices(kind, LABELS, batch, np.random.default_rng(seed)), count)
    ]


def _run(
    kind: str = "random", norm: str = "batch norm", first: int = 0, last: int = 3
) -> xr.Dataset:
    return study.run(study.Point(kind, norm, 1.0, first, last, SETUP))


@pytest.mark.parametrize("kind", study.KINDS[1:])
def test_no_image_comes_twice_in_an_epoch_and_epochs_differ(kind: str) -> None:
    drawn = _batches(kind, 40)
    first, second = np.concatenate(drawn[:20]), np.concatenate(drawn[20:])
    assert sorted(first) == sorted(second) == list(range(400))
    assert not np.array_equal(first, second)


def test_batches_hold_the_labels_that_their_kind_says() -> None:
    one = _batches("one batch", 5)
    assert all(np.array_equal(one[0], other) for other in one) and len(set(one[0])) == 20
    for kind in ("one batch", "balanced"):
        assert all(
            (np.bincount(LABELS[chosen], minlength=10) == 2).all() for chosen in _batches(kind, 30)
        )
    for kind, many in (("two digits", 2), ("one digit", 1)):
        numbers = [len(set(LABELS[chosen])) for chosen in _batches(kind, 20)]
        assert max(numbers) == many and np.mean(numbers) == many
    assert np.mean([len(set(LABELS[chosen])) for chosen in _batches("random", 20)]) > 6


def test_batches_of_one_digit_do_not_come_digit_by_digit() -> None:
    digits = [LABELS[chosen][0] for chosen in _batches("one digit", 20)]
    assert sum(a != b for a, b in pairwise(digits)) > 12


def test_a_run_does_not_depend_on_its_group() -> None:
    for kind in ("one batch", "two digits"):
        together, alone = _run(kind), _run(kind, first=1, last=2)
        for name in together.data_vars:
            assert np.array_equal(together[name].sel(run=[1]), alone[name]), name


def test_networks_share_weights_and_batches_and_kinds_share_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    real = study.train

    def spy(network, params, state, batches, *rest):
        batches = iter(batches)
        seen.append(
            ([layer["weight"].copy() for layer in params if "weight" in layer], *next(batches))
        )
        return real(network, params, state, batches, *rest)

    monkeypatch.setattr(study, "train", spy)
    for kind, norm in (("random", "none"), ("random", "batch norm"), ("one digit", "none")):
        _run(kind, norm)
    for other in seen[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(seen[0][0], other[0], strict=True))
    assert np.array_equal(seen[0][1], seen[1][1]) and np.array_equal(seen[0][2], seen[1][2])
    assert not np.array_equal(seen[0][1], seen[2][1])


def test_spread_of_batch_means() -> None:
    rng = np.random.default_rng(2)
    values = rng.standard_normal((2, 400, 25, 3)) * 4 + 7
    np.testing.assert_allclose(study.batch_to_batch(values), 1 / 5, rtol=0.1)  # 1/√images
    offsets = 3 * rng.standard_normal((2, 400, 1, 3))
    np.testing.assert_allclose(study.batch_to_batch(values / 4 + offsets), 3, rtol=0.1)
    same = np.repeat(values[:, :1].astype(np.float32), 7, axis=1)
    assert (study.batch_to_batch(same) == 0).all()


def test_the_same_batch_does_not_differ_from_itself_in_the_results() -> None:
    between = quick.results("batch_similarity")["between"].sel(rate=study.QUICK.rate)
    assert (between.sel(kind="one batch") == 0).all()
    means = between.sel(norm="none", when="before").mean("run")
    assert means.sel(kind="balanced") < means.sel(kind="two digits") < means.sel(kind="one digit")


def test_one_batch_is_learned_and_read_on_itself() -> None:
    """The loss that is read is that of the batch which is trained on: on one batch it falls at every step of a small rate."""
    setup = replace(SETUP, steps=30, readings=30)
    result = study.run(study.Point("one batch", "batch norm", 0.05, 0, 3, setup))
    losses = result["loss"].isel(kind=0, norm=0, rate=0).values
    assert (np.diff(losses, axis=0) < 0).all()


def test_a_run_that_never_gets_there_counts_as_all_its_steps() -> None:
    results = xr.Dataset({"steps_to": (("kind", "norm", "rate", "run"), np.array([[[[4.0, np.inf]]]]))},
                         coords={"kind": ["random"], "norm": ["none"], "rate": [1.0], "step": [0, 50]})  # fmt: skip
    assert study.steps_to(results, "random", "none", 1.0).tolist() == [4.0, 50.0]


def test_rates_are_told_apart_in_results() -> None:
    results = quick.results("batch_similarity")
    assert (study.main_rate(results), study.second_rate(results)) == (
        study.QUICK.rate,
        study.QUICK.second_rate,
    )
